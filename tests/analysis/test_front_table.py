"""The front as a table, for notebooks and for the terminal."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from analysis.front_table import decimals, front_frame, front_text, wrap_stages
from analysis.trials import Column, declare, read_trials

MakeRow = Callable[..., dict[str, Any]]
WriteRun = Callable[..., Path]


def test_the_frame_holds_the_front_with_params_in_millions(row: MakeRow, write: WriteRun) -> None:
    small = row(1, key="small", gmacs=0.2, ap=0.4, params=1_500_000)
    front = front_frame(read_trials(write([row(0, key="big", gmacs=0.5, ap=0.6), small, row(2, ap=0.1)])))
    assert list(front) == ["key", "gmacs", "params_m", "ap", "ap50", "ap75", "ar", "architecture"]
    assert front["key"].tolist() == ["small", "big"]
    assert front["params_m"].tolist() == [1.5, 1.0]
    assert front["architecture"][0].startswith("stem w16 k3 | d")


def test_another_objective_gets_a_column(synthetic_run: Path) -> None:
    trials = read_trials(synthetic_run)
    trials["latency_ms"] = trials["gmacs"] * 100
    trials = declare(trials, Column("latency_ms", "ms", "minimize", "Latency"))
    assert "latency_ms" in front_frame(trials, ["latency_ms", "ap"])
    assert "Latency (ms)" in front_text(trials, ["latency_ms", "ap"], width=100)


def test_the_text_shows_each_member_in_its_row(row: MakeRow, failed: MakeRow, write: WriteRun) -> None:
    big = row(0, key="big", gmacs=0.5, ap=0.6123, params=7_286_772)
    rows = [big, row(1, key="small", gmacs=0.25, ap=0.4), failed(2), row(3, ap=0.1)]
    lines = front_text(read_trials(write(rows)), width=80).splitlines()
    assert lines[0].strip() == "Pareto front of synthetic: 2 of 3 finished trials, 1 failed"
    assert lines[2].split() == ["key", "GMACs", "params", "M", "AP", "AP50", "AP75", "AR"]
    assert lines[4].split() == ["1", "small", "0.250", "1.000", "0.400", "0.500", "0.500", "0.500"]
    assert lines[5].split() == ["2", "big", "0.500", "7.287", "0.612", "0.500", "0.500", "0.500"]


@pytest.mark.parametrize("width", [60, 80, 120, 240])
def test_no_line_is_wider_than_asked_and_no_figure_is_cut(synthetic_run: Path, width: int) -> None:
    trials = read_trials(synthetic_run)
    text = front_text(trials, width=width)
    assert max(map(len, text.splitlines())) <= width
    assert "…" not in text
    for value in front_frame(trials)["ap"]:
        assert f"{value:.3f}" in text


def test_a_run_whose_trials_all_failed_has_an_empty_table(failed: MakeRow, write: WriteRun) -> None:
    assert "0 of 0 finished trials, 2 failed" in front_text(read_trials(write([failed(0), failed(1)])))


def test_a_missing_part_of_ap_is_a_dash(row: MakeRow, write: WriteRun) -> None:
    assert front_text(read_trials(write([row(0, ar=None)]))).splitlines()[4].split()[-1] == "-"


def test_architectures_break_only_between_stages() -> None:
    assert wrap_stages(("aaa", "bbb", "ccc"), 15) == ["aaa | bbb | ccc"]
    assert wrap_stages(("aaa", "bbb", "ccc"), 14) == ["aaa | bbb |", "ccc"]
    assert wrap_stages(("aaa", "bbb", "ccc"), 10) == ["aaa |", "bbb | ccc"]
    assert wrap_stages(("aaa", "bbb", "ccc"), 2) == ["aaa |", "bbb |", "ccc"]


@pytest.mark.parametrize(
    ("values", "expected"),
    [([0.6, 0.0001], 3), ([0.0123], 4), ([7.3], 3), ([1e-9], 6), ([float("nan"), 0.0], 3)],
)
def test_the_largest_value_keeps_three_digits(values: list[float], expected: int) -> None:
    assert decimals(values) == expected

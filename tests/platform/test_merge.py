"""Runs on disk, merged."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from analysis.pareto import pareto_front
from analysis.trials import read_trials
from platform.merge import main
from platform.results.store import Row, TrialStore
from platform.terminal.command_line import run
from platform.trials.merging import merged_rows
from tests.platform.trial_rows import trial_row

ARCHITECTURE = (
    '{"head":null,"space":"s","stages":[],"stem":'
    '{"attention":false,"depth":1,"expansion":1,"groups":1,"kernel":3,"width":16}}'
)


def write(folder: Path, *rows: Row) -> Path:
    store = TrialStore(folder / "trials.parquet")
    for row in rows:
        store.append(row | {"run": folder.name, "architecture": ARCHITECTURE})
    return folder


def test_an_architecture_of_several_runs_is_one_row_and_each_row_says_where_it_came_from(
    tmp_path: Path,
) -> None:
    one = write(tmp_path / "one", trial_row(0, key="a"), trial_row(1, key="b", ap=None, status="failed"))
    two = write(tmp_path / "two", trial_row(0, key="b"), trial_row(1, key="a"), trial_row(2, key="c"))
    rows = merged_rows([one, two], "spatial_search", "both")
    assert [(row["trial"], row["key"], row["origin"]) for row in rows] == [
        (0, "a", "one#0"), (1, "b", "two#0"), (2, "c", "two#2"),
    ]  # fmt: skip
    assert {row["run"] for row in rows} == {"both"}


def test_the_score_on_more_people_stays(tmp_path: Path) -> None:
    one = write(tmp_path / "one", trial_row(0, key="a", people=3))
    two = write(tmp_path / "two", trial_row(4, key="a", people=9))
    (row,) = merged_rows([one, two], "spatial_search", "both")
    assert row["origin"] == "two#4"


def test_a_row_that_was_taken_over_keeps_its_first_origin(tmp_path: Path) -> None:
    (row,) = merged_rows([write(tmp_path / "one", trial_row(0, origin="zero#7"))], "spatial_search", "both")
    assert row["origin"] == "zero#7"


def test_the_command_writes_a_table_and_a_front_that_a_person_can_look_at(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one = write(tmp_path / "one", trial_row(0, ap=0.4, gmacs=0.2), trial_row(1, ap=0.6, gmacs=0.4))
    two = write(tmp_path / "two", trial_row(2, ap=0.5, gmacs=0.3), trial_row(3, ap=0.3, gmacs=0.3))
    assert run(main, [str(one), str(two), "--into", "both", "--storage", str(tmp_path)]) == 0
    assert "Pareto front of both: 3 of 4 finished trials" in capsys.readouterr().out
    assert (tmp_path / "both" / "pareto.png").stat().st_size > 10_000
    front = pareto_front(read_trials(tmp_path / "both"))
    assert front["origin"].tolist() == ["one#0", "two#2", "one#1"]


@pytest.mark.parametrize(
    ("changes", "arguments", "says"),
    [
        ({"evaluation": "other"}, [], "column `evaluation` differs: one#0 (e), two#1 (other)"),
        ({}, ["--into", "one"], "--into must name a new folder"),
        ({}, ["--into", "../both"], "--into must be the name of a folder in --storage"),
        ({}, ["--into", "/both"], "--into must be the name of a folder in --storage"),
        ({}, ["--into", "a\0b"], "--into must be the name of a folder in --storage"),
        ({}, ["--stage", "spatial_train"], "spatial_search"),
        ({}, ["--stage", "temporal_search"], "must have trials of --stage temporal_search"),
        ({}, ["nowhere"], "must name folders of runs that have trials"),
    ],
)
def test_what_cannot_be_merged_is_one_line(
    changes: dict[str, Any], arguments: list[str], says: str, tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    one = write(tmp_path / "one", trial_row(0))
    two = write(tmp_path / "two", trial_row(1, **changes))
    into = [] if "--into" in arguments else ["--into", "both"]
    assert run(main, [str(one), str(two), *arguments, *into, "--storage", str(tmp_path)]) == 2
    assert says in capsys.readouterr().err
    assert not (tmp_path / "both").exists()
    assert not (tmp_path.parent / "both").exists()


def test_runs_that_were_scored_otherwise_lie_side_by_side_where_that_is_asked_for(tmp_path: Path) -> None:
    one = write(tmp_path / "one", trial_row(0, key="a"))
    two = write(tmp_path / "two", trial_row(1, key="a", evaluation="other"))
    assert run(main, [str(one), str(two), "--into", "both", "--storage", str(tmp_path), "--mixed"]) == 0
    assert len(read_trials(tmp_path / "both")) == 2


def test_an_end_in_the_middle_leaves_no_folder_that_refuses_the_same_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = write(tmp_path / "one", trial_row(0), trial_row(1, key="b"))
    typed = [str(one), "--into", "both", "--storage", str(tmp_path)]

    def interrupted(view: object, path: Path) -> None:
        path.write_bytes(b"half a picture")
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("analysis.figures.write_pareto_png", interrupted)
        assert run(main, typed) == 130
    assert [path.name for path in tmp_path.iterdir()] == ["one"]
    assert run(main, typed) == 0

"""The harness: what it finds, prints, writes and returns."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.benchmarks.figure import Figure, at_least, at_most
from tests.benchmarks.run import main, write

HEAD = "from tests.benchmarks.figure import Figure, at_most\ndef measure():\n    "


def test_a_figure_holds_at_its_limit_and_not_beyond() -> None:
    assert at_most("time", 2.0, "ms", limit=2.0).holds
    assert not at_most("time", 2.1, "ms", limit=2.0).holds
    assert at_least("rate", 2.0, "1/s", limit=2.0).holds
    assert not at_least("rate", 1.9, "1/s", limit=2.0).holds
    assert not at_most("time", float("nan"), "ms", limit=2.0).holds
    assert at_most("time", 1.0, "ms", limit=0.25).target == "<= 0.25"


def test_every_benchmark_of_the_folder_gives_its_rows_in_order(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "bench_b.py").write_text(HEAD + "return [at_most('slow', 3.5, 'ms', limit=4)]")
    (tmp_path / "bench_a.py").write_text(HEAD + "return [Figure(name='size', figure=7.0, unit='MB')]")

    assert main([], tmp_path, tmp_path / "bench.json") == 0
    assert json.loads((tmp_path / "bench.json").read_text()) == [
        {"name": "size", "figure": 7.0, "unit": "MB", "target": "", "holds": True},
        {"name": "slow", "figure": 3.5, "unit": "ms", "target": "<= 4", "holds": True},
    ]
    printed = capsys.readouterr().out
    assert all(word in printed for word in ("size", "7", "MB", "slow", "3.5", "<= 4", "yes"))


def test_one_benchmark_runs_by_its_name(tmp_path: Path) -> None:
    (tmp_path / "bench_a.py").write_text(HEAD + "return [Figure(name='size', figure=7.0, unit='MB')]")
    (tmp_path / "bench_b.py").write_text(HEAD + "raise AssertionError('must not run')")

    assert main(["a"], tmp_path, tmp_path / "bench.json") == 0
    assert [row["name"] for row in json.loads((tmp_path / "bench.json").read_text())] == ["size"]


def test_a_missed_target_and_a_failure_are_rows_and_exit_code_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "bench_a.py").write_text(HEAD + "raise OSError('no such file')")
    (tmp_path / "bench_b.py").write_text(HEAD + "return [at_most('slow', 5, 'ms', limit=4)]")

    assert main([], tmp_path, tmp_path / "bench.json") == 1
    rows = json.loads((tmp_path / "bench.json").read_text())
    assert [(row["name"], row["figure"], row["holds"]) for row in rows] == [
        ("bench_a", None, False),
        ("slow", 5, False),
    ]
    assert "no such file" in capsys.readouterr().err


def test_an_unknown_name_lists_the_known_ones(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "bench_a.py").touch()

    assert main(["c"], tmp_path, tmp_path / "bench.json") == 2
    assert capsys.readouterr().err == "no benchmark c; known: a\n"
    assert not (tmp_path / "bench.json").exists()


def test_a_number_that_is_none_is_written_as_null(tmp_path: Path) -> None:
    write([Figure(name="rate", figure=float("inf"), unit="1/s")], tmp_path / "bench.json")

    assert json.loads((tmp_path / "bench.json").read_text())[0]["figure"] is None
    assert [path.name for path in tmp_path.iterdir()] == ["bench.json"]

"""Reading a run folder: what comes back, and what is said when there is nothing to read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest

from analysis.errors import AnalysisError
from analysis.hypervolume import hypervolume
from analysis.pareto import pareto_front
from analysis.trials import Column, column, declare, directions, read_trials

Row = dict[str, Any]
MakeRow = Callable[..., Row]
WriteRun = Callable[..., Path]


def test_units_directions_and_titles_come_from_the_fields_metadata(synthetic_run: Path) -> None:
    trials = read_trials(synthetic_run)
    assert column(trials, "gmacs") == Column("gmacs", "GMACs", "minimize", "Computation")
    assert column(trials, "ap") == Column("ap", "", "maximize", "AP")
    assert column(trials, "seed").direction == ""
    assert directions(trials, ["params", "ap"]) == ("minimize", "maximize")


@pytest.mark.parametrize(
    ("of", "label"),
    [
        (Column("gmacs", "GMACs", "minimize", "Computation"), "Computation (GMACs)"),
        (Column("params", "parameters", "minimize", "Parameters"), "Parameters"),
        (Column("ap", "", "maximize", "AP"), "AP"),
        (Column("ap", "1", "maximize", "AP"), "AP"),
        (Column("latency_ms", "ms"), "latency_ms (ms)"),
    ],
)
def test_a_label_names_the_unit_once(of: Column, label: str) -> None:
    assert of.label == label


def test_units_survive_filtering_and_sorting(synthetic_run: Path) -> None:
    trials = read_trials(synthetic_run)
    kept = trials[trials["ap"] > 0.4].sort_values("ap").head(3).reset_index(drop=True)
    assert column(kept, "gmacs").unit == "GMACs"


def test_failed_trials_are_kept_and_flagged(row: MakeRow, failed: MakeRow, write: WriteRun) -> None:
    trials = read_trials(write([row(0), failed(1), row(2)]))
    assert list(trials["failed"]) == [False, True, False]
    assert trials["ap"].isna().tolist() == [False, True, False]
    assert trials["error"][1] == "out of memory"


def test_trials_come_in_order_of_stage_and_number_however_parts_lie(row: MakeRow, write: WriteRun) -> None:
    write([row(3), row(1)])
    write([row(0, stage="temporal_search"), row(2), row(0)])
    trials = read_trials(str(write([row(4)])))
    assert trials["trial"].tolist() == [0, 1, 2, 3, 4, 0]
    assert trials.index.tolist() == list(range(6))


def test_one_stage_can_be_chosen_and_an_unknown_one_lists_the_known(row: MakeRow, write: WriteRun) -> None:
    folder = write([row(0), row(0, stage="temporal_search")])
    assert read_trials(folder, "temporal_search")["stage"].tolist() == ["temporal_search"]
    with pytest.raises(AnalysisError, match=r"no stage 'video' .*; there are spatial_search, temporal"):
        read_trials(folder, "video")


def test_the_frame_can_be_written_as_parquet_again(synthetic_run: Path, tmp_path: Path) -> None:
    trials = read_trials(synthetic_run)
    trials.to_parquet(tmp_path / "copy.parquet")
    assert len(pd.read_parquet(tmp_path / "copy.parquet")) == len(trials)


def test_unfinished_part_files_are_passed_over(synthetic_run: Path) -> None:
    (synthetic_run / "trials.parquet" / ".part-9.parquet").write_bytes(b"half")
    (synthetic_run / "trials.parquet" / "part-9.parquet.tmp").write_bytes(b"half")
    assert len(read_trials(synthetic_run)) == 40


def test_a_folder_without_trials_is_named(tmp_path: Path) -> None:
    with pytest.raises(AnalysisError, match=rf"no trials in {tmp_path}: .* is not there\. Give the folder"):
        read_trials(tmp_path)
    (tmp_path / "trials.parquet").mkdir()
    with pytest.raises(AnalysisError, match=rf"no trials in {tmp_path}: .* has no part files"):
        read_trials(tmp_path)


def test_a_table_without_rows_is_named(write: WriteRun) -> None:
    with pytest.raises(AnalysisError, match=r"run/trials.parquet holds no trial yet"):
        read_trials(write([]))


def test_a_broken_part_is_named(synthetic_run: Path) -> None:
    (synthetic_run / "trials.parquet" / "part-7.parquet").write_bytes(b"not parquet at all")
    with pytest.raises(AnalysisError, match=r"cannot read .*part-7\.parquet as Parquet"):
        read_trials(synthetic_run)


def test_another_table_is_refused_with_the_columns_it_lacks(write: WriteRun, schema: pa.Schema) -> None:
    with pytest.raises(AnalysisError, match=r"is not a table of trials: it lacks key, architecture"):
        read_trials(write([], schema=pa.schema([f for f in schema if f.name not in ("key", "architecture")])))


def test_a_later_part_may_add_a_column(row: MakeRow, write: WriteRun, schema: pa.Schema) -> None:
    write([row(0)])
    latency = pa.field("latency_ms", pa.float64(), metadata={"unit": "ms", "direction": "minimize"})
    trials = read_trials(write([row(1, latency_ms=9.5)], schema=schema.append(latency)))
    assert trials["latency_ms"].isna().tolist() == [True, False]
    assert column(trials, "latency_ms") == Column("latency_ms", "ms", "minimize", "")


def test_parts_that_disagree_on_a_direction_are_refused(
    row: MakeRow, write: WriteRun, schema: pa.Schema
) -> None:
    write([row(0)])
    turned = pa.field("ap", pa.float64(), metadata={"unit": "", "direction": "minimize"})
    with pytest.raises(AnalysisError, match=r"disagree on 'ap'"):
        read_trials(write([row(1)], schema=schema.set(schema.get_field_index("ap"), turned)))


def test_an_unknown_direction_is_refused(row: MakeRow, write: WriteRun, schema: pa.Schema) -> None:
    wrong = pa.field("ap", pa.float64(), metadata={"direction": "up"})
    with pytest.raises(AnalysisError, match=r"direction of column 'ap' must be .*; got 'up'"):
        read_trials(write([row(0)], schema=schema.set(schema.get_field_index("ap"), wrong)))


def test_a_computed_column_gets_its_direction_by_declaring_it(synthetic_run: Path) -> None:
    trials = read_trials(synthetic_run)
    trials["ap_per_gmac"] = trials["ap"] / trials["gmacs"]
    with pytest.raises(AnalysisError, match=r"column 'ap_per_gmac' has none in its metadata"):
        directions(trials, ["ap_per_gmac"])
    declared = declare(trials, Column("ap_per_gmac", "1/GMACs", "maximize", "AP per GMAC"))
    assert directions(declared, ["ap_per_gmac"]) == ("maximize",)
    assert column(declared, "ap").direction == "maximize"


def test_an_unknown_column_lists_the_known(synthetic_run: Path) -> None:
    with pytest.raises(AnalysisError, match=r"no column 'latency' among the trials; there are run, stage"):
        column(read_trials(synthetic_run), "latency")


PEOPLE = pa.field("people", pa.int64(), metadata={"unit": "people"})


def test_a_row_that_lies_in_two_parts_is_one_trial(row: MakeRow, write: WriteRun) -> None:
    """As a search leaves them that is killed after it packed its parts and before it removed them."""
    write([row(0), row(1)])
    assert read_trials(write([row(0), row(1), row(2)]))["trial"].tolist() == [0, 1, 2]


def test_parts_that_vanish_while_they_are_read_are_looked_for_again(
    row: MakeRow, write: WriteRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write([row(0)])
    gone = folder / "trials.parquet" / "gone.parquet"
    listed = iter([[gone], sorted((folder / "trials.parquet").iterdir())])
    monkeypatch.setattr("analysis.trials._parts", lambda _: next(listed))
    assert len(read_trials(folder)) == 1


def test_scores_on_fewer_people_are_kept_and_are_no_part_of_a_front(
    row: MakeRow, write: WriteRun, schema: pa.Schema
) -> None:
    rows = [row(0, ap=0.9, people=10), row(1, ap=0.4, people=50), row(2, ap=0.5), row(3, ap=0.8, people=10)]
    trials = read_trials(write(rows, schema=schema.append(PEOPLE)))
    assert trials["partial"].tolist() == [True, False, False, True]
    assert pareto_front(trials)["trial"].tolist() == [2]
    assert hypervolume(trials, {"gmacs": 1.5, "ap": 0.0}) == pytest.approx(0.5)

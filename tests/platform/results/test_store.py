from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest

from platform.results.schema import COLUMNS, METRICS, arrow_schema
from platform.results.store import TrialStore


def row(trial: int, **changes: Any) -> dict[str, Any]:
    values = {column.name: None for column in COLUMNS}
    return values | {
        "run": "r", "stage": "spatial_search", "trial": trial, "key": f"k{trial}", "ap": 0.5,
        "status": "finished", "finished_at": datetime(2026, 1, 2, tzinfo=UTC),
    } | changes  # fmt: skip


def test_rows_come_back_as_they_went_in_by_trial_number(tmp_path: Path) -> None:
    store = TrialStore(tmp_path / "trials.parquet")
    rows = [row(10), row(2, ap=None, status="failed", error="it broke")]
    for one in rows:
        store.append(one)
    assert TrialStore(tmp_path / "trials.parquet").rows("spatial_search") == [rows[1], rows[0]]
    assert store.rows("temporal_search") == []


def test_any_parquet_reader_takes_the_folder_for_one_table(tmp_path: Path) -> None:
    store = TrialStore(tmp_path / "trials.parquet")
    for trial in range(3):
        store.append(row(trial))
    frame = pd.read_parquet(tmp_path / "trials.parquet")
    assert sorted(frame["trial"]) == [0, 1, 2]
    assert list(frame.columns) == [column.name for column in COLUMNS]


def test_a_half_written_row_is_no_row(tmp_path: Path) -> None:
    store = TrialStore(tmp_path / "trials.parquet")
    store.append(row(0))
    (store.folder / ".spatial_search-000001.parquet.part").write_bytes(b"PAR1 cut off")
    assert [one["trial"] for one in store.rows("spatial_search")] == [0]
    assert len(pd.read_parquet(store.folder)) == 1


def test_a_row_that_does_not_fit_the_schema_leaves_nothing_behind(tmp_path: Path) -> None:
    store = TrialStore(tmp_path / "trials.parquet")
    with pytest.raises(pa.ArrowInvalid):
        store.append(row(0, params="many"))
    assert list(store.folder.iterdir()) == []


def test_units_and_directions_travel_with_the_file() -> None:
    schema = arrow_schema()
    assert schema.field("ap").metadata[b"direction"] == b"maximize"
    assert schema.field("gmacs").metadata == {
        b"title": b"Computation", b"unit": b"GMACs", b"direction": b"minimize"
    }  # fmt: skip
    assert {"ap", "gmacs", "params", "total_s"} <= set(METRICS)
    assert "trial" not in METRICS

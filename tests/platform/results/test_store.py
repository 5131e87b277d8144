from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from platform.results.schema import COLUMNS, METRICS, arrow_schema
from platform.results.store import TrialStore
from workers.errors import DataError


def row(trial: int, **changes: Any) -> dict[str, Any]:
    values = {column.name: None for column in COLUMNS}
    return values | {
        "run": "r", "stage": "spatial_search", "trial": trial, "key": f"k{trial}", "ap": 0.5,
        "architecture": "{}", "gmacs": 0.01,
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


def test_many_parts_become_one_and_every_row_is_there_once(tmp_path: Path) -> None:
    store = TrialStore(tmp_path / "trials.parquet", pack_at=4)
    for trial in (3, 0, 1, 7, 2):
        store.append(row(trial))
    names = sorted(part.name for part in store.folder.iterdir())
    assert names == ["spatial_search-000002.parquet", "spatial_search-pack-000000-000007.parquet"]
    assert [one["trial"] for one in store.rows("spatial_search")] == [0, 1, 2, 3, 7]
    assert sorted(pd.read_parquet(store.folder)["trial"]) == [0, 1, 2, 3, 7]


def test_parts_of_an_earlier_driver_are_packed_too(tmp_path: Path) -> None:
    for trial in range(4):
        TrialStore(tmp_path / "trials.parquet", pack_at=4).append(row(trial))
    assert len(list((tmp_path / "trials.parquet").iterdir())) == 1


def killed_while_packing(folder: Path) -> TrialStore:
    """Three rows in a pack, two of them still in their own parts as well."""
    store = TrialStore(folder, pack_at=3)
    for trial in range(3):
        store.append(row(trial))
    left = TrialStore(folder, pack_at=9)
    for trial in (1, 2, 5):
        left.append(row(trial))
    return left


def test_a_row_in_a_pack_and_in_its_own_part_counts_once(tmp_path: Path) -> None:
    store = killed_while_packing(tmp_path)
    assert len(pd.read_parquet(tmp_path)) == 6
    assert [one["trial"] for one in store.rows("spatial_search")] == [0, 1, 2, 5]


def test_the_next_driver_removes_what_a_killed_one_left(tmp_path: Path) -> None:
    store = killed_while_packing(tmp_path)
    (tmp_path / ".spatial_search-000007.parquet.123.part").write_bytes(b"PAR1 cut off")
    store.tidy()
    assert sorted(pd.read_parquet(tmp_path)["trial"]) == [0, 1, 2, 5]
    assert len(list(tmp_path.iterdir())) == 2


def test_several_rows_are_written_all_at_once(tmp_path: Path) -> None:
    store = TrialStore(tmp_path)
    store.append(row(0))
    store.append_all("spatial_search", [row(-3), row(-2), row(-1)], "taken-over")
    store.append_all("spatial_search", [row(-2), row(-1)], "taken-over")
    assert [one["trial"] for one in store.rows("spatial_search")] == [-2, -1, 0]
    assert sorted(pd.read_parquet(tmp_path)["trial"]) == [-2, -1, 0]


def test_a_part_of_an_older_version_reads_with_nulls_for_newer_columns(tmp_path: Path) -> None:
    store = TrialStore(tmp_path)
    old = pa.Table.from_pylist([row(0)], schema=arrow_schema()).drop_columns(["constraint", "origin"])
    pq.write_table(old, tmp_path / "spatial_search-000000.parquet")
    assert store.rows("spatial_search") == [row(0)]


def test_a_part_that_cannot_be_read_is_named_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "spatial_search-000004.parquet").write_bytes(b"no parquet")
    with pytest.raises(DataError, match=r"spatial_search-000004.parquet must be .* move the file away"):
        TrialStore(tmp_path).rows("spatial_search")


def test_units_and_directions_travel_with_the_file() -> None:
    schema = arrow_schema()
    assert schema.field("ap").metadata[b"direction"] == b"maximize"
    assert schema.field("gmacs").metadata == {
        b"title": b"Computation", b"unit": b"GMACs", b"direction": b"minimize"
    }  # fmt: skip
    assert {"ap", "gmacs", "params", "total_s"} <= set(METRICS)
    assert "trial" not in METRICS

"""Durable rows: each finished trial is one Parquet part, on disk before anything depends on it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from platform.results.schema import arrow_schema
from workers.files import whole_file

Row = dict[str, Any]


class TrialStore:
    """A folder of Parquet parts that any Parquet reader takes for one table: pandas.read_parquet(folder)."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.schema = arrow_schema()
        folder.mkdir(parents=True, exist_ok=True)

    def append(self, row: Mapping[str, Any]) -> None:
        """Returns once the row is durable: written under a temporary name, synced, then renamed."""
        table = pa.Table.from_pylist([dict(row)], schema=self.schema)
        part = self.folder / f"{row['stage']}-{row['trial']:06d}.parquet"
        with whole_file(part) as draft, draft.open("wb") as file:
            pq.write_table(table, file)
            file.flush()
            os.fsync(file.fileno())
        _sync_folder(self.folder)

    def rows(self, stage: str) -> list[Row]:
        """Every row of a stage, by trial number."""
        parts = sorted(self.folder.glob(f"{stage}-*.parquet"))
        return [row for part in parts for row in pq.read_table(part, schema=self.schema).to_pylist()]


def _sync_folder(folder: Path) -> None:
    """Makes the rename itself survive a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

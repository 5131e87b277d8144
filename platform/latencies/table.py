"""Measured latencies, durable: one Parquet part for each architecture, in a folder that is one table."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, final

import pyarrow as pa
import pyarrow.parquet as pq

from platform.results.parquet_files import read_parquet
from workers.errors import DataError
from workers.files import visible, whole_file

LatencyRow = dict[str, Any]

_TEXT, _COUNT, _FIGURE = pa.string(), pa.int64(), pa.float64()
SCHEMA = pa.schema(
    [
        ("key", _TEXT), ("architecture", _TEXT), ("space", _TEXT), ("keypoints", _COUNT), ("input_hw", _TEXT),
        *((f"{name}_ms", _FIGURE) for name in ("median", "p10", "p90", "control", "quiet")),
        ("control_ratio", _FIGURE), ("runs", _COUNT), ("steady", pa.bool_()),
        ("runtime", _TEXT), ("runtime_version", _TEXT), ("threads", _COUNT), ("cpu", _TEXT),
        ("cores", pa.list_(_COUNT)), ("node", _TEXT), ("measured_at", pa.timestamp("us", tz="UTC")),
    ]
)  # fmt: skip
NOT_NULL = ("key", "architecture", "median_ms", "control_ms", "quiet_ms", "steady", "cpu")


@final
class LatencyTable:
    """Measured latencies by key, written by one process, the driver; a row measured again is replaced."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._rows: dict[str, LatencyRow] = {}
        for part in visible(folder, "*.parquet"):
            self._rows |= {row["key"]: row for row in _read(part)}

    def __contains__(self, key: object) -> bool:
        return key in self._rows

    def __getitem__(self, key: str) -> LatencyRow:
        return self._rows[key]

    def put(self, measured: Mapping[str, Any]) -> LatencyRow:
        """Returns the row once it is on disk."""
        row = dict(measured) | {"measured_at": datetime.now(UTC)}
        part = self.folder / f"{row['key']}.parquet"
        with whole_file(part) as draft, draft.open("wb") as file:
            pq.write_table(pa.Table.from_pylist([row], schema=SCHEMA), file)
            file.flush()
            os.fsync(file.fileno())
        self._rows[row["key"]] = row
        return row

    def quiet_ms(self, cpu: str) -> float:
        """The least that the control took on such a processor."""
        own = (row["quiet_ms"] for row in self._rows.values() if row["cpu"] == cpu)
        return min(own, default=math.inf)

    def is_undisturbed(self, key: str, control_limit: float) -> bool:
        """Whether the row was steady, as seen with what is known by now of the control's quiet time."""
        row = self._rows[key]
        quiet = row["control_ms"] <= control_limit * self.quiet_ms(row["cpu"])
        return bool(row["steady"]) and quiet


def _read(part: Path) -> list[LatencyRow]:
    try:
        rows: list[LatencyRow] = read_parquet(part, SCHEMA, NOT_NULL).to_pylist()
    except DataError as error:
        raise DataError(f"{error} Remove it: the same command measures it again.") from error
    return rows

"""Durable rows: each finished trial is one Parquet part, on disk before anything depends on it.

Once there are many such parts, their rows are packed into one, and only then are they removed. A driver that is
killed in between leaves rows twice; whoever reads here takes each once, and the next driver removes the rest.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from platform.results.schema import arrow_schema
from workers.errors import DataError
from workers.files import whole_file

Row = dict[str, Any]
PACK_AT = 200  # parts of one row each
SINGLE = re.compile(r"(?P<stage>\w+)-(?P<trial>\d{6,})\.parquet")


class TrialStore:
    """A folder of Parquet parts that any Parquet reader takes for one table: pandas.read_parquet(folder).

    One process writes; any number read meanwhile.
    """

    def __init__(self, folder: Path, pack_at: int = PACK_AT) -> None:
        self.folder, self.pack_at = folder, pack_at
        self.schema = arrow_schema()
        self._singles: dict[str, set[Path]] | None = None
        folder.mkdir(parents=True, exist_ok=True)

    def append(self, row: Mapping[str, Any]) -> None:
        """Returns once the row is durable: written under a temporary name, synced, then renamed."""
        stage, part = row["stage"], self.folder / f"{row['stage']}-{row['trial']:06d}.parquet"
        singles = self._of_one_row(stage)
        self._write(part, [row])
        singles.add(part)
        if len(singles) >= self.pack_at:
            self._pack(stage)

    def append_all(self, rows: Sequence[Mapping[str, Any]], name: str) -> None:
        """All the rows or none, durably, as the part `name`."""
        self._write(self.folder / f"{name}.parquet", rows)

    def rows(self, stage: str) -> list[Row]:
        """Every row of a stage, once, by trial number. Raises DataError naming a part that cannot be read."""
        found: dict[int, Row] = {}
        for part in sorted(self.folder.glob(f"{stage}-*.parquet")):
            found |= {row["trial"]: row for row in self._read(part)}
        return [found[trial] for trial in sorted(found)]

    def tidy(self) -> None:
        """Removes what a killed driver left behind: half-written parts, and rows that lie in a pack as well."""
        for left in self.folder.glob(".*.part"):
            left.unlink(missing_ok=True)
        for pack in self.folder.glob("*-pack-*.parquet"):
            stage = pack.name.partition("-")[0]
            self._remove(self._single(stage, row["trial"]) for row in self._read(pack))
        self._singles = None

    def _pack(self, stage: str) -> None:
        singles = self._of_one_row(stage)
        rows = sorted((row for part in singles for row in self._read(part)), key=lambda row: row["trial"])
        self._write(self.folder / f"{stage}-pack-{rows[0]['trial']:06d}-{rows[-1]['trial']:06d}.parquet", rows)
        self._remove(singles)
        singles.clear()

    def _of_one_row(self, stage: str) -> set[Path]:
        """The parts that `append` wrote and nothing has packed yet."""
        if self._singles is None:
            self._singles = {}
        if stage not in self._singles:
            matches = ((part, SINGLE.fullmatch(part.name)) for part in self.folder.glob(f"{stage}-*.parquet"))
            self._singles[stage] = {part for part, match in matches if match and match["stage"] == stage}
        return self._singles[stage]

    def _single(self, stage: str, trial: int) -> Path:
        return self.folder / f"{stage}-{trial:06d}.parquet"

    def _remove(self, parts: Iterable[Path]) -> None:
        for part in parts:
            part.unlink(missing_ok=True)

    def _write(self, part: Path, rows: Sequence[Mapping[str, Any]]) -> None:
        table = pa.Table.from_pylist([dict(row) for row in rows], schema=self.schema)
        with whole_file(part) as draft, draft.open("wb") as file:
            pq.write_table(table, file)
            file.flush()
            os.fsync(file.fileno())
        _sync_folder(self.folder)

    def _read(self, part: Path) -> list[Row]:
        try:
            table = pq.ParquetFile(part).read()
        except (OSError, pa.ArrowException) as error:
            raise DataError(
                f"{part} must be a readable Parquet file, but: {error}. No kill leaves such a file: look after "
                "the disk, then move the file away; the same command evaluates its trials again."
            ) from error
        rows: list[Row] = table.to_pylist()
        return [dict.fromkeys(self.schema.names) | row for row in rows]


def _sync_folder(folder: Path) -> None:
    """Makes the rename itself survive a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

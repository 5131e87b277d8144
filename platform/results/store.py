"""Durable rows: each finished trial is one Parquet part, on disk before anything depends on it.

Once there are many such parts, their rows are packed into one, and only then are they removed. A driver that
is killed in between leaves rows twice; whoever reads here takes each once, the next driver removes the rest.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, final

import pyarrow as pa
import pyarrow.parquet as pq

from platform.results.parquet_files import read_parquet
from platform.results.schema import COLUMNS, arrow_schema
from workers.errors import DataError
from workers.files import remove_drafts, visible, whole_file

Row = dict[str, Any]
COLUMN_NAMES = tuple(column.name for column in COLUMNS)
NEVER_NULL = ("run", "stage", "trial", "key", "architecture", "gmacs", "status", "finished_at")
PACK_AT = 200  # parts of one row each
READ_ATTEMPTS = 5
SINGLE = re.compile(r"(?P<stage>\w+)-(?P<trial>\d{6,})\.parquet")


@final
class TrialStore:
    """A folder of Parquet parts that any Parquet reader takes for one table: pandas.read_parquet(folder).

    One process writes; any number read meanwhile.
    """

    def __init__(self, folder: Path, pack_at: int = PACK_AT) -> None:
        self.folder, self.pack_at = folder, pack_at
        self._singles: dict[str, set[Path]] | None = None
        folder.mkdir(parents=True, exist_ok=True)

    def append(self, row: Mapping[str, Any]) -> None:
        """Returns once the row is durable: written under a temporary name, synced, then renamed."""
        stage, part = row["stage"], self.folder / f"{row['stage']}-{row['trial']:06d}.parquet"
        singles = self._of_one_row(stage)
        write_rows(part, [row])
        singles.add(part)
        if len(singles) >= self.pack_at:
            self._pack(stage)

    def append_all(self, stage: str, rows: Sequence[Mapping[str, Any]], name: str) -> None:
        """All the rows or none, durably, as the stage's part `name`; another one of that name is replaced."""
        write_rows(self.folder / f"{stage}-{name}.parquet", rows)

    def rows(self, stage: str) -> list[Row]:
        """Every row of a stage, once, by trial number. Raises DataError naming a part that cannot be read."""
        for _ in range(READ_ATTEMPTS - 1):  # another process may be packing: what was listed may be gone
            with suppress(FileNotFoundError):
                return self._rows(stage)
        return self._rows(stage)

    def tidy(self) -> None:
        """Removes what a killed driver left: half-written parts, and rows that lie in a pack as well."""
        remove_drafts(self.folder, alone=True)
        for pack in visible(self.folder, "*-pack-*.parquet"):
            stage = pack.name.partition("-")[0]
            self._remove(self._single(stage, row["trial"]) for row in read_rows(pack))
        self._singles = None

    def _rows(self, stage: str) -> list[Row]:
        found = {row["trial"]: row for part in self._parts(stage) for row in read_rows(part)}
        return [found[trial] for trial in sorted(found)]

    def _pack(self, stage: str) -> None:
        singles = self._of_one_row(stage)
        rows = sorted((row for part in singles for row in read_rows(part)), key=lambda row: row["trial"])
        write_rows(self.folder / f"{stage}-pack-{rows[0]['trial']:06d}-{rows[-1]['trial']:06d}.parquet", rows)
        self._remove(singles)
        singles.clear()

    def _of_one_row(self, stage: str) -> set[Path]:
        """The parts that `append` wrote and nothing has packed yet."""
        if self._singles is None:
            self._singles = {}
        if stage not in self._singles:
            matches = ((part, SINGLE.fullmatch(part.name)) for part in self._parts(stage))
            self._singles[stage] = {part for part, match in matches if match and match["stage"] == stage}
        return self._singles[stage]

    def _parts(self, stage: str) -> list[Path]:
        return visible(self.folder, f"{stage}-*.parquet")

    def _single(self, stage: str, trial: int) -> Path:
        return self.folder / f"{stage}-{trial:06d}.parquet"

    def _remove(self, parts: Iterable[Path]) -> None:
        for part in parts:
            part.unlink(missing_ok=True)


def write_rows(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """All of them or none, durably: under a temporary name, synced, then renamed."""
    table = pa.Table.from_pylist([dict(row) for row in rows], schema=arrow_schema())
    with whole_file(path) as draft, draft.open("wb") as file:
        pq.write_table(table, file)
        file.flush()
        os.fsync(file.fileno())
    _sync_folder(path.parent)


def read_rows(path: Path) -> list[Row]:
    """A file's rows, with null for columns that are newer than it.

    Raises DataError where it is damaged, or lacks a column that every trial has, or has one of another type.
    """
    try:
        table = read_parquet(path, arrow_schema(), NEVER_NULL)
    except DataError as error:
        raise DataError(
            f"{error} No kill leaves such a file: look after the disk, then move the file away; the same "
            "command evaluates its trials again."
        ) from error
    rows: list[Row] = table.to_pylist()
    return [dict.fromkeys(COLUMN_NAMES) | row for row in rows]


def _sync_folder(folder: Path) -> None:
    """Makes the rename itself survive a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

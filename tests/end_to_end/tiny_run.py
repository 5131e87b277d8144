"""Runs of recipe tiny by its command, and what they leave."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import torch
from safetensors.torch import load_file

from tests.end_to_end.drivers import Driver, by_command
from tests.end_to_end.environment import Environment

SCORES = ["trial", "key", "architecture", "params", "macs", "ap", "ar", "status", "seed"]


@dataclass(frozen=True, slots=True)
class TinyRun:
    """A run in an environment, started from `cwd`."""

    environment: Environment
    cwd: Path
    storage: Path

    @property
    def folder(self) -> Path:
        return self.storage / "tiny"

    @property
    def supernet(self) -> Path:
        return self.folder / "supernet.safetensors"

    @property
    def parts(self) -> dict[Path, int]:
        """The files of the trials' table, and when each was written."""
        return {part: part.stat().st_mtime_ns for part in self.folder.glob("trials.parquet/*.parquet")}

    @property
    def _storage(self) -> tuple[str | Path, ...]:
        """Nothing for the default one, which is a relative path."""
        return () if self.storage == self.cwd / "runs" else ("--storage", self.storage)

    @contextmanager
    def started(self, *arguments: str | Path) -> Iterator[Driver]:
        self.storage.mkdir(exist_ok=True)
        with by_command(
            self.environment, "tiny", *self._storage, *arguments,
            log=self.storage / "log", cwd=self.cwd,
        ) as driver:  # fmt: skip
            yield driver

    def finish(self, *arguments: str | Path) -> str:
        """Runs it to its end; returns what it said."""
        with self.started(*arguments) as driver:
            return driver.finish()

    def begin_with_supernet_of(self, other: TinyRun) -> None:
        """As if the stage spatial_train had left it."""
        self.folder.mkdir(parents=True)
        shutil.copyfile(other.supernet, self.supernet)

    def table(self) -> pd.DataFrame:
        """The trials that were scored in this run."""
        table = pd.read_parquet(self.folder / "trials.parquet")
        return table[table["trial"] >= 0].sort_values("trial").reset_index(drop=True)


def assert_equal_weights(ours: Path, theirs: Path) -> None:
    """Bit for bit; the files may differ in the order of their metadata."""
    weights, expected = load_file(ours), load_file(theirs)
    assert weights.keys() == expected.keys()
    assert [name for name in expected if not torch.equal(weights[name], expected[name])] == []

"""The rows of several runs as one table, where their scores may be compared."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from platform.results.store import Row, TrialStore
from platform.terminal.errors import ConfigError
from platform.trials.warm_start import origin_of


def merged_rows(runs: Sequence[Path], stage: str, into: str) -> list[Row]:
    """The chosen rows as trials 0, 1, ... of the run `into`, in the order of runs and trials."""
    rows = [row for run in runs for row in TrialStore(run / "trials.parquet").rows(stage)]
    chosen: dict[tuple[str, str | None], Row] = {}
    for row in rows:
        key = row["key"], row["evaluation"]
        if key not in chosen or _worth(row) > _worth(chosen[key]):
            chosen[key] = row
    return [
        row | {"run": into, "trial": number, "origin": origin_of(row)}
        for number, row in enumerate(chosen.values())
    ]


def check_comparable(rows: Iterable[Row]) -> None:
    """Raises ConfigError where scores were taken in more than one way."""
    ways: dict[str | None, str] = {}
    for row in rows:
        ways.setdefault(row["evaluation"], row["origin"])
    if len(ways) > 1:
        examples = ", ".join(f"{origin} ({way or 'unknown'})" for way, origin in ways.items())
        raise ConfigError(
            "runs that are merged must have scored with the same supernet, data and settings, but the column "
            f"`evaluation` differs: {examples}. Give --mixed to have them side by side all the same."
        )


def _worth(row: Row) -> tuple[bool, int]:
    return row["status"] == "finished", row["people"] or 0

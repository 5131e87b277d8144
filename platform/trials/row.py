"""Rows of the results table from measured candidates."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, final

from platform.feasible.feasible_set import Candidate
from platform.results.store import COLUMN_NAMES, Row
from platform.samplers.sampler import Observation
from spaces.architecture import Architecture


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class SearchFacts:
    """What all rows of one search have in common, by the names of their columns."""

    run: str
    stage: str
    space: str
    seed: int
    sampler: str
    constraint: str
    evaluation: str

    def row(
        self, trial: int, candidate: Candidate, figures: Mapping[str, Any], measured: Mapping[str, Any]
    ) -> Row:
        """`figures` are known without an evaluation (gmacs, params, ...), `measured` comes from the worker
        and wins; what neither has is null. A name that is no column is left out.
        """
        known = asdict(self) | dict(figures) | dict(measured)
        return {name: known.get(name) for name in COLUMN_NAMES} | {
            "trial": trial,
            "key": candidate.key,
            "architecture": candidate.to_json(),
            "finished_at": datetime.now(UTC),
        }


def observation_of(row: Row, parse: Callable[[str], Any] = Architecture.from_json) -> Observation:
    """What a sampler learns from a row."""
    return Observation(parse(row["architecture"]), row["ap"], row["gmacs"])


def best_of(rows: Sequence[Row]) -> Row | None:
    """The row with the highest AP, of equal ones the one with fewest GMACs; None where none has an AP."""
    return max(filter(is_scored, rows), key=lambda row: (row["ap"], -row["gmacs"]), default=None)


def is_scored(row: Row) -> bool:
    """Whether a row has an AP; a trial that failed, or was stopped at the first rung, has no AP."""
    return row["ap"] is not None

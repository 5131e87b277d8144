"""From a measured architecture to the row of the results table."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from platform.config import RunConfig
from platform.results.schema import COLUMNS
from platform.results.store import Row
from platform.samplers.sampler import Observation
from spaces.architecture import Architecture
from spaces.space import SearchSpace


def make_row(
    config: RunConfig, space: SearchSpace, stage: str, trial: int, architecture: Architecture,
    measured: Mapping[str, Any],
) -> Row:  # fmt: skip
    """Cost from closed form, accuracy and seconds from the worker; what it did not measure is null."""
    cost = space.cost(architecture)
    row: Row = {column.name: measured.get(column.name) for column in COLUMNS}
    return row | {
        "run": config.name,
        "stage": stage,
        "trial": trial,
        "key": architecture.key,
        "architecture": architecture.to_json(),
        "space": space.name,
        "params": cost.params,
        "macs": cost.macs,
        "gmacs": cost.gmacs,
        "seed": config.seed,
        "sampler": config.search.sampler,
        "finished_at": datetime.now(UTC),
    }


def observation_of(row: Row) -> Observation:
    """What a sampler learns from a row."""
    return Observation(Architecture.from_json(row["architecture"]), row["ap"], row["gmacs"])

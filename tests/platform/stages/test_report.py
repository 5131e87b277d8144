"""Which fronts a report draws; what is drawn is tested with analysis/."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from platform.config.recipes import smoke
from platform.stages.report import fronts_of

BOUND = replace(smoke().search, max_latency_ms=12.0)
MACS = {"gmacs": ("pareto", smoke().search.max_gmacs)}


def trials(**columns: list[float | None]) -> pd.DataFrame:
    return pd.DataFrame({"status": ["finished", "finished", "failed"], **columns})


def test_without_latencies_accuracy_is_held_against_macs_alone() -> None:
    assert fronts_of(trials(latency_ms=[None] * 3, predicted_latency_ms=[None] * 3), smoke().search) == MACS
    assert fronts_of(trials(), smoke().search) == MACS  # rows of an older version


def test_measured_latencies_come_before_predicted_ones() -> None:
    both = trials(latency_ms=[5.0, 6.0, None], predicted_latency_ms=[5.1, 6.1, 7.1])
    assert fronts_of(both, BOUND) == MACS | {"latency_ms": ("pareto_latency", 12.0)}


def test_latencies_that_not_every_finished_trial_has_are_no_front() -> None:
    some = trials(latency_ms=[5.0, None, None], predicted_latency_ms=[5.1, 6.1, None])
    assert fronts_of(some, BOUND) == MACS | {"predicted_latency_ms": ("pareto_latency", 12.0)}

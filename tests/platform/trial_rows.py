"""Rows as a search writes them, without a search."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from platform.results.store import COLUMN_NAMES, Row

BEGAN = datetime(2026, 1, 2, tzinfo=UTC)


def trial_row(trial: int, **changes: Any) -> Row:
    """One finished trial; `changes` replace columns."""
    parts = dict.fromkeys(("ap50", "ap75", "ap_medium", "ap_large", "ar"), 0.5)
    return dict.fromkeys(COLUMN_NAMES) | parts | {
        "run": "r", "stage": "spatial_search", "trial": trial, "key": f"k{trial}", "architecture": "{}",
        "space": "s", "sampler": "uniform", "constraint": "at most 1 GMACs", "evaluation": "e", "people": 9,
        "ap": 0.5, "gmacs": 0.25, "params": 1000, "macs": 250_000_000, "seed": 0, "status": "finished",
        "total_s": 2.0, "finished_at": BEGAN + timedelta(seconds=trial),
    } | changes  # fmt: skip

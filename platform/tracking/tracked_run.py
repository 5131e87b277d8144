"""A run as a tracking server is told of it, and what its page calls the trials."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import final

from platform.results.store import Row


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class TrackedRun:
    """What the server is told of a run; `identity` tells it from another of its name in another folder."""

    name: str
    identity: str
    artifact_root: Path
    tags: Mapping[str, str] = field(default_factory=dict)


def trial_name(row: Row) -> str:
    """What the page calls a trial; a row that was taken over is called by the trial that evaluated it."""
    if row["trial"] < 0:
        return f"{row['stage']} of {row['origin']}"
    return f"{row['stage']}-{row['trial']:04d}"

"""One labelled person as a value, and the people of a split with what was left out and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import final

import numpy as np

from workers.data.skeleton import Skeleton

Box = tuple[float, float, float, float]  # x, y of the top left corner, width, height

CROWD = "crowd region"
UNLABELLED = "without labelled keypoints"
IGNORED = "inside an ignored region"
ORDINARY = frozenset({CROWD, UNLABELLED, IGNORED})  # two in five of COCO's records are such
WARN_SHARE = 0.1  # of those who could be people


@final
@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Person:
    """One labelled person of one image; coordinates are pixels of that image."""

    image_path: str
    image_id: int
    annotation_id: int
    box_xywh_px: Box  # clipped to the image
    keypoints: np.ndarray  # (K, 3) float32: x, y, visibility 0/1/2
    area_px2: float


@final
@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class People:
    """The usable people of one split, in annotation order, and how many were skipped for which reason."""

    people: tuple[Person, ...]
    skipped: Mapping[str, int]
    skeleton: Skeleton
    annotation_path: Path
    notes: Mapping[str, int] = field(default_factory=dict)
    """What was read otherwise than it is written, and of how many."""

    def __len__(self) -> int:
        return len(self.people)

    @property
    def summary(self) -> str:
        """One line: how many people are used, how many are skipped for which reason, what else is to know."""
        parts = [f"{len(self.people)} people from {self.annotation_path.name}"]
        if self.skipped:
            parts.append(f"skipped: {in_words(self.skipped)}")
        if self.notes:
            parts.append(in_words(self.notes))
        return "; ".join(parts)

    @property
    def warning(self) -> str | None:
        """What a person must see also at the end: that more than a tenth of the people is skipped."""
        return skip_warning(len(self.people), self.skipped, self.annotation_path)


def skip_warning(used: int, skipped: Mapping[str, int], path: Path) -> str | None:
    """One line where more than a tenth is skipped. Crowds and who is not labelled are no such people."""
    lost = {reason: count for reason, count in skipped.items() if reason not in ORDINARY}
    total = sum(lost.values())
    if total <= WARN_SHARE * (used + total):
        return None
    return f"{total} of {used + total} people of {path} are skipped: {in_words(lost)}"


def in_words(counts: Mapping[str, int]) -> str:
    """Counts and what they are of, in one line."""
    return ", ".join(f"{count} {what}" for what, count in counts.items())

"""One labelled person as a value, and the people of a split with what was left out and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import final

import numpy as np

from workers.data.skeleton import Skeleton

Box = tuple[float, float, float, float]  # x, y of the top left corner, width, height


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

    def __len__(self) -> int:
        return len(self.people)

    @property
    def summary(self) -> str:
        """One line: how many people are used, and how many are skipped for which reason."""
        reasons = ", ".join(f"{count} {reason}" for reason, count in self.skipped.items())
        return f"{len(self.people)} people from {self.annotation_path.name}" + (
            f"; skipped: {reasons}" if reasons else ""
        )

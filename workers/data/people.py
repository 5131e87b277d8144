"""One labelled person as a value, and the people of a split with what was left out and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from workers.data.skeleton import Skeleton

Box = tuple[float, float, float, float]  # x, y of the top left corner, width, height


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Person:
    """One labelled person of one image; coordinates are pixels of that image."""

    image_path: str
    image_id: int
    annotation_id: int
    box_xywh_px: Box  # clipped to the image
    keypoints: np.ndarray  # (K, 3) float32: x, y, visibility 0/1/2
    area_px2: float
    image_hw: tuple[int, int] | None = None  # as the annotations state it; decides the image's orientation


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class People:
    """The usable people of one split, in annotation order, and how many were skipped for which reason."""

    people: tuple[Person, ...]
    skipped: Mapping[str, int]
    skeleton: Skeleton
    annotation_path: Path
    file_places: tuple[int, ...] | None = None  # where the joints lie in the file; None: in its own order
    noted: Mapping[str, int] = field(default_factory=dict)  # what was decided about images, and how often

    def __len__(self) -> int:
        return len(self.people)

    @property
    def summary(self) -> str:
        """One line: how many people are used, who is skipped and why, how images were read."""
        reasons = ", ".join(f"{count} {reason}" for reason, count in self.skipped.items())
        notes = "".join(f"; {count} {what}" for what, count in self.noted.items())
        return (
            f"{len(self.people)} people from {self.annotation_path.name}"
            + (f"; skipped: {reasons}" if reasons else "")
            + notes
        )

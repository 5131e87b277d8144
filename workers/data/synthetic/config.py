"""What a synthetic data set is drawn from; apart from the drawing, so that command lines import no OpenCV."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, final

from annotated_types import Interval

from spaces.bounds import check_bounds


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class SyntheticConfig:
    """The synthetic data to draw. Equal values give equal bytes; clip n of a seed is always the same."""

    seed: Annotated[int, Interval(ge=0, le=2**63 - 1)] = 0
    clips: Annotated[int, Interval(ge=2, le=999_999)] = 200
    frames_per_clip: Annotated[int, Interval(ge=1, le=1_000)] = 4  # 0.1 s apart
    people_per_clip: Annotated[int, Interval(ge=1, le=12)] = 3
    width_px: Annotated[int, Interval(ge=96, le=4_096)] = 320
    height_px: Annotated[int, Interval(ge=96, le=4_096)] = 240
    validation_fraction: Annotated[float, Interval(gt=0, lt=1)] = 0.17  # of the clips
    difficulty: Annotated[float, Interval(ge=0, le=1)] = 0.3
    """0 to 1: clutter, occlusion, blur, noise and people who do not face the camera"""
    transience: Annotated[float, Interval(ge=0, le=1)] = 0.0
    """0 to 1: what spoils single frames: things passing by, shakes, lost focus"""

    def __post_init__(self) -> None:
        check_bounds(self)

    @property
    def validation_clips(self) -> int:
        """Number of clips to validate on: at least one, and at least one is left to train on."""
        return min(max(round(self.clips * self.validation_fraction), 1), self.clips - 1)

    def clips_of(self, split: str) -> range:
        """The clip numbers of "train" or "val"; no clip is in both."""
        first = self.clips - self.validation_clips
        return range(first) if split == "train" else range(first, self.clips)

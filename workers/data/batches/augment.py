"""What training does to a crop: rotation, scale, flip and half-body, drawn as one value.

The paper (section 4.1) rotates in [-40, 40] degrees and flips; scale and half-body are off by default.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, final

import numpy as np
from annotated_types import Ge, Interval

from spaces.bounds import check_bounds
from workers.data.people import Box
from workers.data.skeleton import Skeleton


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Draw:
    """One drawn augmentation; the frames of a clip share it."""

    rotation_deg: float = 0.0
    scale: float = 1.0
    flip: bool = False
    half_body: bool = False
    upper: bool = True  # which half, when half_body


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Augmentation:
    """Ranges of the training augmentation; all zero leaves every crop as validation sees it."""

    rotation_deg: Annotated[float, Interval(ge=0, le=180)] = 40.0  # uniform in [-rotation_deg, rotation_deg]
    scale_fraction: Annotated[float, Interval(ge=0, lt=1)] = 0.0
    """box scale uniform in [1 - scale_fraction, 1 + scale_fraction]"""
    flip_probability: Annotated[float, Interval(ge=0, le=1)] = 0.5
    half_body_probability: Annotated[float, Interval(ge=0, le=1)] = 0.0
    half_body_min_joints: Annotated[int, Ge(0)] = 8  # fewer labelled joints than this are never halved
    half_body_upper_probability: Annotated[float, Interval(ge=0, le=1)] = 0.7

    def __post_init__(self) -> None:
        check_bounds(self)

    def draw(self, rng: np.random.Generator) -> Draw:
        """One draw."""
        return self.draw_many(rng, 1)[0]

    def draw_many(self, rng: np.random.Generator, count: int) -> list[Draw]:
        """`count` draws of five numbers each, so changing one range leaves the draws of the others."""
        return [
            Draw(
                rotation_deg=(2 * turn - 1) * self.rotation_deg,
                scale=1 + (2 * zoom - 1) * self.scale_fraction,
                flip=flip < self.flip_probability,
                half_body=half < self.half_body_probability,
                upper=upper < self.half_body_upper_probability,
            )
            for turn, zoom, flip, half, upper in rng.random((count, 5)).tolist()
        ]


def half_body_box(keypoints: np.ndarray, skeleton: Skeleton, *, upper: bool) -> Box | None:
    """The box around the labelled upper (or lower) joints of (K, 3) keypoints; None with fewer than 3.

    MMPose's half-body transform: centred on the joints' mean, 1.5 times their extent, of which the crop's
    own padding supplies 1.25.
    """
    chosen = (keypoints[:, 2] > 0) & (skeleton.upper_body == upper)
    points = keypoints[chosen, :2]
    if len(points) < 3:
        return None
    width, height = np.maximum(np.ptp(points, axis=0), 1.0) * (1.5 / 1.25)
    x, y = points.mean(axis=0)
    return float(x - width / 2), float(y - height / 2), float(width), float(height)

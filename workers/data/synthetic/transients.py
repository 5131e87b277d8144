"""What spoils single frames of a synthetic clip: objects that pass by, camera shake, lost focus."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import numpy as np

from workers.data.synthetic.backdrop import Obstacle, draw_obstacle
from workers.data.synthetic.cast import HIDEABLE, Actor


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class PassingObject:
    """Something that crosses the image nearer than everybody."""

    obstacle: Obstacle
    path_px: np.ndarray  # (2T, 2) how far it has moved when the shutter opens and closes

    def at(self, opened: int, share: float) -> np.ndarray:
        """(2,) px, a `share` of the way through the exposure that begins with instant `opened`."""
        start, end = self.path_px[opened : opened + 2]
        moved: np.ndarray = (1.0 - share) * start + share * end
        return moved


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Transients:
    """What spoils single ones of T frames: swings of the camera, lost focus, objects passing by."""

    swings_px: np.ndarray  # (T, 2) how far the camera swings while the shutter is open
    softness_px: np.ndarray  # (T,) lost focus
    passing: tuple[PassingObject, ...]

    @property
    def shifts_px(self) -> np.ndarray:
        """(2T, 2) shifts of the image where each shutter opens and closes; its middle stays in its place."""
        return np.stack([-0.5 * self.swings_px, 0.5 * self.swings_px], axis=1).reshape(-1, 2)


def draw_transients(
    rng: np.random.Generator,
    cast: list[Actor],
    times_s: np.ndarray,  # (2T,) when each shutter opens and closes
    frame_s: float,
    amount: float,  # 0 to 1
) -> Transients:
    """Draws what spoils each frame and hides each person, independently; nothing at `amount` 0."""
    frames = len(times_s) // 2
    angle = rng.uniform(0.0, 2.0 * np.pi, frames)
    reach_px = rng.uniform(6.0, 20.0, frames) * (rng.random(frames) < 0.5 * amount)
    softness_px = rng.uniform(1.5, 4.0, frames) * (rng.random(frames) < 0.5 * amount)
    passing = [_passing_object(rng, actor, times_s, frame_s) for actor in cast if rng.random() < amount]
    return Transients(
        swings_px=reach_px[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1),
        softness_px=softness_px,
        passing=tuple(passing),
    )


def _passing_object(
    rng: np.random.Generator, actor: Actor, times_s: np.ndarray, frame_s: float
) -> PassingObject:
    """An object before one of the person's joints at one frame, and most of its size away at the next."""
    frame = int(rng.integers(len(times_s) // 2))
    joint_px = actor.points_px(str(rng.choice(HIDEABLE)))[2 * frame : 2 * frame + 2, :2].mean(axis=0)
    size_px = float(rng.uniform(0.2, 0.5)) * actor.figure.stature_px
    px_per_s = rng.choice((-1.0, 1.0)) * rng.uniform(0.8, 2.0) * size_px / frame_s
    since_s = times_s - times_s[2 * frame : 2 * frame + 2].mean()
    path_px = since_s[:, None] * np.array([px_per_s, 0.15 * px_per_s * rng.normal()])
    return PassingObject(obstacle=draw_obstacle(rng, joint_px, size_px), path_px=path_px)

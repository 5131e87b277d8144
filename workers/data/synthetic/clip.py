"""One synthetic clip: a scene, its people, a camera with an exposure time, and the labels of every frame."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import final

import cv2
import numpy as np

from spaces.streams import clip_generators
from workers.data.synthetic.backdrop import draw_backdrop
from workers.data.synthetic.cast import Actor, draw_cast
from workers.data.synthetic.figure import Piece, between, label_map, paint
from workers.data.synthetic.labels import PersonLabel, label_person
from workers.data.synthetic.paint import Light, draw_light
from workers.data.synthetic.transients import Transients, draw_transients

FRAME_S = 0.1
_MARGIN_PX = 24  # of backdrop around the image, for the camera to pan over
_OBSTACLE = 255
_SMEAR_PX = 2.5  # between two instants of one exposure


@final
@dataclass(frozen=True, slots=True)
class ClipFrame:
    """One image, (H, W, 3) uint8 BGR, and its people."""

    image: np.ndarray
    people: tuple[PersonLabel, ...]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Camera:
    """How a clip is filmed."""

    exposure_s: float  # 0 freezes every movement
    pan_px_per_s: np.ndarray  # (2,)
    softness_px: float  # out of focus
    noise: np.ndarray  # (h, w, 3) float32, a tile larger than the image
    tone: np.ndarray  # (256, 1, 3) uint8, look-up table of contrast and white balance


def make_clip(
    seed: np.random.SeedSequence,
    frames: int,
    people: int,
    size_px: tuple[int, int],  # height and width
    difficulty: float,
    transience: float = 0.0,
) -> Iterator[ClipFrame]:
    """The frames of a random clip, in order; equal arguments give equal frames.

    `transience`, 0 to 1, spoils single frames of it: see transients.py.
    """
    rng, apart = clip_generators(seed)
    camera = _draw_camera(rng, size_px, difficulty)
    middles_s = (np.arange(frames) - 0.5 * (frames - 1)) * FRAME_S
    opened, closed = middles_s - 0.5 * camera.exposure_s, middles_s + 0.5 * camera.exposure_s
    backdrop = draw_backdrop(rng, size_px[0] + 2 * _MARGIN_PX, size_px[1] + 2 * _MARGIN_PX, difficulty)
    light = draw_light(rng)
    times_s = np.stack([opened, closed], axis=1).ravel()
    cast = draw_cast(rng, people, times_s, size_px, difficulty)
    transients = draw_transients(apart, cast, times_s, FRAME_S, transience)
    pan_px = times_s[:, None] * camera.pan_px_per_s
    shifts_px = np.clip(pan_px + transients.shifts_px, -_MARGIN_PX, _MARGIN_PX)
    for frame in range(frames):
        shot = _Shot(cast, transients, light, shifts_px, frame, size_px)
        softness_px = float(np.hypot(camera.softness_px, transients.softness_px[frame]))
        yield ClipFrame(_develop(shot.expose(backdrop), camera, softness_px, rng), shot.labels())


@final
class _Shot:
    """One opening of the shutter: what is where at its start and its end, and in between."""

    def __init__(
        self, cast: list[Actor], transients: Transients, light: Light,
        shifts_px: np.ndarray, frame: int, size: tuple[int, int],
    ) -> None:  # fmt: skip
        self.cast, self.passing, self.light, self.size = cast, transients.passing, light, size
        self.shifts_px, self.opened = shifts_px, 2 * frame
        self.swing_px = transients.swings_px[frame]
        self.ends: list[tuple[list[Piece], list[Piece]]] = [
            (actor.pieces(self.opened, light), actor.pieces(self.opened + 1, light)) for actor in cast
        ]

    def expose(self, backdrop: np.ndarray) -> np.ndarray:
        """The mean of as many instants as the fastest movement needs to smear, (H, W, 3) uint8."""
        instants = self._instants()
        total = np.zeros((*self.size, 3), np.uint16)
        for instant in range(instants):
            total += self._paint(backdrop, (instant + 0.5) / instants)
        return (total // instants).astype(np.uint8)

    def labels(self) -> tuple[PersonLabel, ...]:
        """Everybody at the middle of the exposure."""
        shift_px = self._shift(0.5)
        parts = [label_map(self._pieces(index, 0.5), *self.size) for index in range(len(self.cast))]
        nearest = np.zeros(self.size, np.uint8)
        for index, actor in enumerate(self.cast):
            nearest[parts[index] > 0] = index + 1
            if actor.obstacle:
                actor.obstacle.cover(nearest, shift_px, _OBSTACLE)
        for passing_object in self.passing:
            passing_object.obstacle.cover(nearest, shift_px + passing_object.at(self.opened, 0.5), _OBSTACLE)
        found = [
            label_person(actor, self._points(actor, shift_px), parts[index], nearest, index + 1)
            for index, actor in enumerate(self.cast)
        ]
        return tuple(sorted((label for label in found if label), key=lambda label: label.track_id))

    def _paint(self, backdrop: np.ndarray, share: float) -> np.ndarray:
        height, width = self.size
        shift_px = self._shift(share)
        move = np.column_stack([np.eye(2), shift_px - _MARGIN_PX])
        canvas = np.asarray(cv2.warpAffine(backdrop, move, (width, height)), np.uint8)
        for index, actor in enumerate(self.cast):
            paint(canvas, self._pieces(index, share), actor.figure.outfit, self.light)
            if actor.obstacle:
                actor.obstacle.paint(canvas, shift_px)
        for passing_object in self.passing:
            passing_object.obstacle.paint(canvas, shift_px + passing_object.at(self.opened, share))
        return canvas

    def _instants(self) -> int:
        moved_px = [
            np.abs(end.outline[0] - start.outline[0]).max()
            for starts, ends in self.ends
            for start, end in zip(starts, ends, strict=True)
        ]
        passing_px = [
            passing_object.at(self.opened, 1.0) - passing_object.at(self.opened, 0.0)
            for passing_object in self.passing
        ]
        moved_px += [float(np.abs(each).max()) for each in (self.swing_px, *passing_px)]
        return int(np.clip(np.ceil(max(moved_px) / _SMEAR_PX), 1, 6))

    def _pieces(self, index: int, share: float) -> list[Piece]:
        return between(*self.ends[index], share, self._shift(share))

    def _shift(self, share: float) -> np.ndarray:
        first, second = self.shifts_px[self.opened : self.opened + 2]
        return (1.0 - share) * first + share * second

    def _points(self, actor: Actor, shift_px: np.ndarray) -> dict[str, np.ndarray]:
        ends = slice(self.opened, self.opened + 2)
        shift = np.array([*shift_px, 0.0])
        return {name: actor.points_px(name)[ends].mean(axis=0) + shift for name in actor.body.points}


def _draw_camera(rng: np.random.Generator, size_px: tuple[int, int], difficulty: float) -> Camera:
    moving = rng.random() < 0.5
    ramp = np.linspace(0.0, 1.0, 256)[:, None] ** rng.uniform(0.8, 1.3)
    tone = rng.uniform(0, 35) + ramp * rng.uniform(170, 250) * rng.uniform(0.88, 1.1, 3)
    grain = rng.standard_normal((size_px[0] + 64, size_px[1] + 64, 3), dtype=np.float32)
    return Camera(
        exposure_s=float(rng.uniform(0.02, 0.09)) if rng.random() < 0.2 + 0.4 * difficulty else 0.0,
        pan_px_per_s=rng.normal(0.0, 25.0, 2) if moving else np.zeros(2),
        softness_px=float(rng.uniform(0.3, 1.3)) if rng.random() < 0.2 + 0.4 * difficulty else 0.0,
        noise=grain * np.float32(rng.uniform(0.5, 2.0 + 5.0 * difficulty)),
        tone=np.clip(tone, 0, 255).astype(np.uint8)[:, None, :],
    )


def _develop(image: np.ndarray, camera: Camera, softness_px: float, rng: np.random.Generator) -> np.ndarray:
    """Focus, tone and grain of the camera on one exposed image."""
    if softness_px > 0.0:
        image = cv2.GaussianBlur(image, (0, 0), softness_px)
    row, column = rng.integers(0, 64, 2)
    height, width = image.shape[:2]
    grainy = cv2.LUT(image, camera.tone) + camera.noise[row : row + height, column : column + width]
    return np.clip(grainy, 0, 255).astype(np.uint8)

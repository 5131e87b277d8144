"""Background of synthetic clips and what stands before the people: noise, ground, clutter, obstacles."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import cv2
import numpy as np

from workers.data.synthetic.outfit import SKIN_BGR, Colour, draw_colour, shaded
from workers.data.synthetic.paint import CIRCLE, capsule, fill


def draw_backdrop(rng: np.random.Generator, height_px: int, width_px: int, difficulty: float) -> np.ndarray:
    """A random scene without people, (H, W, 3) uint8 BGR; the easier (0 to 1), the emptier and softer."""
    canvas = _wall(rng, height_px, width_px)
    if rng.random() < 0.8:
        _lay_ground(rng, canvas)
    for _ in range(int(rng.integers(6, 30) * difficulty)):
        _scatter(rng, canvas)
    softness_px = rng.uniform(1.0 - difficulty, 3.0 - 1.2 * difficulty)
    return cv2.GaussianBlur(canvas, (0, 0), softness_px) if softness_px > 0.3 else canvas


def noise_field(rng: np.random.Generator, height_px: int, width_px: int, stretch: float = 1.0) -> np.ndarray:
    """Smooth noise of several octaves in 0..1, (H, W) float32; `stretch` widens its grain."""
    field = np.zeros((height_px, width_px), np.float32)
    for cell_px in (96, 40, 16, 6):
        rows, columns = height_px // cell_px + 3, int(width_px / (cell_px * stretch)) + 3
        grain = rng.random((rows, columns), dtype=np.float32)
        field += cell_px**0.6 * cv2.resize(grain, (width_px, height_px), interpolation=cv2.INTER_CUBIC)
    return (field - field.min()) / np.ptp(field)


def _tint(field: np.ndarray, low: Colour, high: Colour) -> np.ndarray:
    field = field[..., None]
    return ((1.0 - field) * np.array(low, np.float32) + field * np.array(high, np.float32)).astype(np.uint8)


def _wall(rng: np.random.Generator, height_px: int, width_px: int) -> np.ndarray:
    slope = np.linspace(0.0, 1.0, height_px, dtype=np.float32)[:, None]
    share = float(rng.uniform(0.2, 1.0))
    field = share * noise_field(rng, height_px, width_px) + (1.0 - share) * slope
    return _tint(field, draw_colour(rng, 0.6), draw_colour(rng, 0.6))


def _lay_ground(rng: np.random.Generator, canvas: np.ndarray) -> None:
    """Ground with grain along the horizon, and on half of them joints as of tiles or planks."""
    height, width = canvas.shape[:2]
    horizon = int(height * rng.uniform(0.35, 0.8))
    field = noise_field(rng, height - horizon, width, stretch=4.0)
    canvas[horizon:] = _tint(field, draw_colour(rng, 0.5), draw_colour(rng, 0.5))
    if rng.random() < 0.5:
        centre, line = width * rng.uniform(0.2, 0.8), draw_colour(rng, 0.4)
        for offset in np.linspace(-2.5, 2.5, int(rng.integers(6, 18))):
            far, near = (int(centre + 0.4 * offset * width), horizon), (int(centre + offset * width), height)
            cv2.line(canvas, far, near, line, 1, cv2.LINE_AA)


def _scatter(rng: np.random.Generator, canvas: np.ndarray) -> None:
    """One thing in the background: a patch, a line, a limb-like rod, a head-like ball, a grating."""
    height, width = canvas.shape[:2]
    where = rng.random(2) * (width, height)
    size = float(rng.uniform(0.03, 0.28)) * height
    colour = SKIN_BGR[rng.integers(len(SKIN_BGR))] if rng.random() < 0.15 else draw_colour(rng)
    kind = rng.choice(("patch", "rod", "ball", "line", "grating"), p=(0.35, 0.25, 0.15, 0.15, 0.1))
    reach = rng.normal(0.0, size, 2)
    if kind == "patch":
        fill(canvas, where + rng.normal(0.0, 0.6 * size, (5, 2)), colour)
    elif kind == "rod":
        radius = size * rng.uniform(0.08, 0.22)
        fill(canvas, capsule(where, where + 2.0 * reach, radius, radius * rng.uniform(0.6, 1.0)), colour)
    elif kind == "ball":
        fill(canvas, where + 0.35 * size * CIRCLE * rng.uniform(0.7, 1.3, 2), colour)
    elif kind == "line":
        ends = np.rint([where - 3.0 * reach, where + 3.0 * reach]).astype(int).tolist()
        cv2.line(canvas, ends[0], ends[1], colour, int(rng.integers(1, 4)), cv2.LINE_AA)
    else:
        step, down = np.array([rng.uniform(0.15, 0.4) * size, 0.0]), np.array([0.0, 1.5 * size])
        for bar in range(int(rng.integers(3, 8))):
            fill(canvas, capsule(where + bar * step, where + bar * step + down, 1.5, 1.5), colour)


@final
@dataclass(frozen=True, slots=True)
class Obstacle:
    """Something that stands in front of people: convex patches in px, painted in order."""

    patches: tuple[tuple[np.ndarray, Colour], ...]

    def paint(self, canvas: np.ndarray, shift_px: np.ndarray) -> None:
        """Paints it on a uint8 BGR canvas in place, moved by `shift_px` (2,)."""
        for outline, colour in self.patches:
            fill(canvas, outline + shift_px, colour)

    def cover(self, labels: np.ndarray, shift_px: np.ndarray, label: int) -> None:
        """Writes `label` wherever it covers the map, in place."""
        for outline, _ in self.patches:
            fill(labels, outline + shift_px, label, smooth=False)


def draw_obstacle(rng: np.random.Generator, where: np.ndarray, size_px: float) -> Obstacle:
    """A post, a box, a bush or a ball about `size_px` large around `where` (2,) px."""
    draw = (_post, _box, _bush, _ball)[rng.integers(4)]
    return Obstacle(tuple(draw(rng, where, size_px, draw_colour(rng, 0.7))))


Patches = list[tuple[np.ndarray, Colour]]


def _post(rng: np.random.Generator, where: np.ndarray, size_px: float, colour: Colour) -> Patches:
    radius = size_px * rng.uniform(0.1, 0.22)
    end = np.array([rng.normal(0.0, 0.3), 4.0]) * size_px
    lit = where - np.array([0.4 * radius, 0.0])
    return [
        (capsule(where - end, where + end, radius, radius), colour),
        (capsule(lit - end, lit + end, 0.3 * radius, 0.3 * radius), shaded(colour, 1.25)),
    ]


def _box(rng: np.random.Generator, where: np.ndarray, size_px: float, colour: Colour) -> Patches:
    square = np.array([(-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5)])
    turn = rng.normal(0.0, 0.25)
    spin = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    corners = square * size_px * rng.uniform(0.6, 1.0, 2) @ spin
    lid = where + corners * (1.0, 0.25) - (0.0, 0.35 * size_px)
    return [(where + corners, colour), (lid, shaded(colour, 1.25))]


def _bush(rng: np.random.Generator, where: np.ndarray, size_px: float, colour: Colour) -> Patches:
    centres = where + rng.normal(0.0, 0.28 * size_px, (7, 2))
    radii = size_px * rng.uniform(0.15, 0.28, (7, 1))
    tones = rng.uniform(0.75, 1.25, 7).tolist()
    return [
        (centre + radius * CIRCLE, shaded(colour, tone))
        for centre, radius, tone in zip(centres, radii, tones, strict=True)
    ]


def _ball(rng: np.random.Generator, where: np.ndarray, size_px: float, colour: Colour) -> Patches:
    ball = 0.45 * size_px * CIRCLE * rng.uniform(0.8, 1.2, 2)
    return [(where + ball, colour), (where + 0.5 * ball - 0.1 * size_px, shaded(colour, 1.2))]

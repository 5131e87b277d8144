"""Painting with sub-pixel convex outlines, and a lit head that shows from every side which way it looks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import cv2
import numpy as np

from workers.data.synthetic.outfit import Colour, Outfit

SHIFT = 4  # cv2's fractional bits: outlines are placed to 1/16 px
_TURN = np.linspace(0.0, 2.0 * np.pi, 14, endpoint=False)
CIRCLE = np.stack([np.cos(_TURN), np.sin(_TURN)], axis=1)  # (14, 2)


@final
@dataclass(frozen=True, slots=True)
class Light:
    """Direction of the light: a unit vector in camera coordinates (x right, y up, z toward the camera)."""

    x: float
    y: float
    z: float

    def on(self, normals: np.ndarray) -> np.ndarray:
        """Brightness factor of surfaces with these unit normals, (..., 3) -> (...)."""
        towards = np.clip(normals @ np.array([self.x, self.y, self.z]), -0.4, 1.0)
        return np.asarray(0.78 + 0.36 * towards)  # of one normal too, which NumPy makes a number


def draw_light(rng: np.random.Generator) -> Light:
    """Light from above, from either side."""
    direction = np.array([rng.uniform(-0.9, 0.9), rng.uniform(0.2, 1.0), rng.uniform(0.2, 0.9)])
    x, y, z = direction / np.linalg.norm(direction)
    return Light(float(x), float(y), float(z))


def capsule(start: np.ndarray, end: np.ndarray, start_radius: float, end_radius: float) -> np.ndarray:
    """Points whose convex hull is a tapering limb from `start` to `end`, (2,) each, all in px."""
    return np.concatenate([start[:2] + start_radius * CIRCLE, end[:2] + end_radius * CIRCLE])


def fill(canvas: np.ndarray, points: np.ndarray, colour: Colour | int, *, smooth: bool = True) -> None:
    """Fills the convex hull of `points` (N, 2) px on `canvas` in place; unsmoothed for maps of labels."""
    fixed = np.rint(points * (1 << SHIFT)).astype(np.int32)
    line = cv2.LINE_AA if smooth else cv2.LINE_8
    value = (colour,) if isinstance(colour, int) else colour
    cv2.fillConvexPoly(canvas, cv2.convexHull(fixed), value, line, SHIFT)


def paint_head(
    canvas: np.ndarray, centre: np.ndarray, radius: float, rotation: np.ndarray, outfit: Outfit, light: Light
) -> None:
    """Paints a lit ball with hair, eyes and mouth where `rotation` (3, 3) puts them; px, in place."""
    low = np.floor(centre - radius - 1).astype(int)
    high = np.ceil(centre + radius + 2).astype(int)
    left, top = np.maximum(low, 0)
    right, bottom = np.minimum(high, canvas.shape[1::-1])
    if left >= right or top >= bottom:
        return
    x = (np.arange(left, right) - centre[0])[None, :] / radius
    y = -(np.arange(top, bottom) - centre[1])[:, None] / radius
    squared = x * x + y * y
    alpha = np.clip((1.0 - np.sqrt(squared)) * radius + 0.5, 0.0, 1.0)[..., None]
    z = np.sqrt(np.clip(1.0 - squared, 0.0, 1.0))
    normals = np.stack(np.broadcast_arrays(x, y, z), axis=-1)
    colours = _head_colours(normals @ rotation, outfit) * light.on(normals)[..., None]
    patch = canvas[top:bottom, left:right]
    patch[:] = np.clip(patch * (1.0 - alpha) + colours * alpha, 0, 255).astype(np.uint8)


def _head_colours(local: np.ndarray, outfit: Outfit) -> np.ndarray:
    """Colour of each point of the ball, given as (..., 3) unit vectors to the head's left, up and forward."""
    across, up, forward = np.abs(local[..., 0]), local[..., 1], local[..., 2]
    colours = np.empty_like(local)
    colours[:] = outfit.hair
    skin = ((forward > 0.12) & (up < 0.52 - 0.25 * across)) | (up < -0.75) | outfit.bald
    colours[skin] = outfit.skin
    eye = 0.36 * across + 0.14 * up + 0.92 * forward
    colours[eye > 0.965] = (215, 220, 225)
    colours[eye > 0.982] = (30, 25, 25)
    mouth = (np.abs(up + 0.5) < 0.08) & (across < 0.32) & (forward > 0.3)
    colours[mouth] = (60, 50, 140)
    return colours

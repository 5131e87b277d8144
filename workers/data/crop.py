"""The window with the person in it: from image pixels to network input pixels and back.

Semantics of the released S-ViPNAS pipeline (MMPose top-down affine): the box centre goes to the input's
centre, the box is padded and widened to the input's aspect ratio, sampling is bilinear.
"""

from __future__ import annotations

import cv2
import numpy as np

from workers.data.people import Box

PADDING = 1.25


def crop_affine(
    box_xywh_px: Box,
    input_hw: tuple[int, int],
    *,
    padding: float = PADDING,
    rotation_deg: float = 0.0,
    scale: float = 1.0,
    flip: bool = False,
) -> np.ndarray:
    """(2, 3) float64 affine from image px to input px.

    `rotation_deg` turns the content counter-clockwise; `scale` > 1 shows more around the box;
    `flip` mirrors the finished crop (x -> W - 1 - x); swapping left and right joints is left to the caller.
    """
    height, width = input_hw
    x, y, box_w, box_h = box_xywh_px
    ratio = max(box_w / width, box_h / height) * padding * scale  # image px per input px
    angle = np.deg2rad(rotation_deg)
    cos, sin = np.cos(angle) / ratio, np.sin(angle) / ratio
    linear = np.array([[cos, sin], [-sin, cos]])
    centre = np.array([x + box_w / 2, y + box_h / 2])
    affine = np.column_stack([linear, np.array([width / 2, height / 2]) - linear @ centre])
    return _mirror(affine, width) if flip else affine


def apply_affine(points: np.ndarray, affine: np.ndarray) -> np.ndarray:
    """Points (N, 2) moved by an affine (2, 3) -> (N, 2)."""
    return points @ affine[:, :2].T + affine[:, 2]


def invert_affine(affine: np.ndarray) -> np.ndarray:
    """The (2, 3) affine that takes input px back to image px."""
    inverse = np.linalg.inv(affine[:, :2])
    return np.column_stack([inverse, -inverse @ affine[:, 2]])


def crop(image: np.ndarray, affine: np.ndarray, input_hw: tuple[int, int]) -> np.ndarray:
    """The RGB crop (H, W, 3) uint8 of a BGR image (as cv2 decodes it), bilinear, black outside the image."""
    height, width = input_hw
    warped = cv2.warpAffine(image, affine, (width, height), flags=cv2.INTER_LINEAR)
    return cv2.cvtColor(warped, cv2.COLOR_BGR2RGB)


def _mirror(affine: np.ndarray, width: int) -> np.ndarray:
    mirrored = affine.copy()
    mirrored[0] *= -1
    mirrored[0, 2] += width - 1
    return mirrored

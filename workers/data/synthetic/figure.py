"""A synthetic person as a stack of convex pieces: painted from far to near, and mapped by part."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import numpy as np

from workers.data.synthetic.body import SIDES
from workers.data.synthetic.outfit import Colour, Outfit
from workers.data.synthetic.paint import Light, fill, paint_head

_LIMBS = ("upper_arm", "forearm", "hand", "thigh", "shank", "foot")
PARTS = ("head", "neck", "torso", "pelvis", *(f"{side}_{part}" for side in SIDES for part in _LIMBS))
PART_LABEL = {part: index + 1 for index, part in enumerate(PARTS)}  # 0 is no part


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """One convex patch of one colour. A larger depth is nearer to the camera."""

    part: str
    depth: float
    outline: np.ndarray  # (N, 2) px, the patch is its convex hull
    colour: Colour
    facing: np.ndarray | None = None  # (3, 3) the head's axes: painted as a ball with a face


def between(first: list[Piece], second: list[Piece], share: float, shift_px: np.ndarray) -> list[Piece]:
    """The pieces a `share` of the way from one instant to the next, moved by `shift_px` (2,).

    The instants must be close enough for everything to move in straight lines.
    """
    return [_piece_between(a, b, share, shift_px) for a, b in zip(first, second, strict=True)]


def _piece_between(first: Piece, second: Piece, share: float, shift_px: np.ndarray) -> Piece:
    facing = first.facing
    if facing is not None and second.facing is not None:
        facing = (1.0 - share) * facing + share * second.facing
    return Piece(
        part=first.part,
        depth=(1.0 - share) * first.depth + share * second.depth,
        outline=(1.0 - share) * first.outline + share * second.outline + shift_px,
        colour=first.colour,
        facing=facing,
    )


def paint(canvas: np.ndarray, pieces: list[Piece], outfit: Outfit, light: Light) -> None:
    """Paints the pieces on a uint8 BGR canvas in place, farthest first."""
    for piece in sorted(pieces, key=_depth):
        if piece.facing is None:
            fill(canvas, piece.outline, piece.colour)
        else:
            centre = piece.outline.mean(axis=0)
            radius = float(np.linalg.norm(piece.outline[0] - centre))
            paint_head(canvas, centre, radius, piece.facing, outfit, light)


def label_map(pieces: list[Piece], height_px: int, width_px: int) -> np.ndarray:
    """(H, W) uint8: PART_LABEL of the nearest part at each pixel, 0 off the figure."""
    labels = np.zeros((height_px, width_px), np.uint8)
    for piece in sorted(pieces, key=_depth):
        fill(labels, piece.outline, PART_LABEL[piece.part], smooth=False)
    return labels


def _depth(piece: Piece) -> float:
    return piece.depth

"""Which points lie inside polygons, many points at once."""

# Shapes: V vertices; ... any shape.
from __future__ import annotations

from collections.abc import Iterable

import numpy as np


def inside_any(polygons: Iterable[np.ndarray], points: np.ndarray) -> np.ndarray:
    """(...,) bool: which of the points (..., 2) lie inside one of the polygons (V, 2)."""
    inside = np.zeros(points.shape[:-1], bool)
    for polygon in polygons:
        inside |= inside_polygon(polygon, points)
    return inside


def inside_polygon(polygon: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Points strictly inside, by the even-odd rule; those on the outline are outside, as in shapely."""
    within = ((points > polygon.min(axis=0)) & (points < polygon.max(axis=0))).all(axis=-1)
    within[within] = _inside(polygon, points[within])
    return within


def _inside(polygon: np.ndarray, points: np.ndarray) -> np.ndarray:
    start, end = polygon, np.roll(polygon, -1, axis=0)
    edge = end - start
    x, y = points[:, None, 0], points[:, None, 1]
    # > 0 where the point lies to the left of the edge, as seen along it
    side = edge[:, 0] * (y - start[:, 1]) - edge[:, 1] * (x - start[:, 0])
    rises, falls = (start[:, 1] <= y) & (end[:, 1] > y), (end[:, 1] <= y) & (start[:, 1] > y)
    crossings = (rises & (side > 0)) | (falls & (side < 0))
    low, high = np.minimum(start, end), np.maximum(start, end)
    beside = (low[:, 0] <= x) & (x <= high[:, 0]) & (low[:, 1] <= y) & (y <= high[:, 1])
    outline = (beside & (side == 0)).any(axis=1)
    result: np.ndarray = (crossings.sum(axis=1) % 2 == 1) & ~outline
    return result

"""The parts of an image that PoseTrack18's evaluation ignores."""

from __future__ import annotations

from typing import Any

import numpy as np

from workers.data.annotations.records import Records
from workers.data.annotations.values import BEYOND_PX, rows_of_numbers

_CORNERS = 3  # what has fewer holds nobody


def ignored_regions(images: Records) -> list[list[np.ndarray]]:
    """Polygons of each image, each (V, 2) float64 px.

    Raises DataError, by the image's id, where x and y are not lists of equally many numbers.
    """
    return [_polygons(images, row) for row in range(len(images))]


def _polygons(images: Records, row: int) -> list[np.ndarray]:
    columns, rows = (images.rows[row].get(f"ignore_regions_{axis}") or [] for axis in "xy")
    good = isinstance(columns, list) and isinstance(rows, list) and len(columns) == len(rows)
    polygons = [_polygon(x, y) for x, y in zip(columns, rows, strict=True)] if good else []
    if not good or any(polygon is None for polygon in polygons):
        images.refuse(row, "the ignored regions of {record} must have equally many numbers x and y")
    return [polygon for polygon in polygons if polygon is not None and len(polygon) >= _CORNERS]


def _polygon(x: Any, y: Any) -> np.ndarray | None:
    if not (isinstance(x, list) and isinstance(y, list) and len(x) == len(y)):
        return None
    points, right = rows_of_numbers([x, y], len(x))
    return points.T if right.all() and (np.abs(points) <= BEYOND_PX).all() else None

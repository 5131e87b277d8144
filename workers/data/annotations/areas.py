"""How large people are, which OKS is relative to: as labelled, else by their box."""

# Shapes: N annotations.
from __future__ import annotations

import numpy as np

from workers.data.annotations.records import Records
from workers.data.annotations.values import numbers

BOX_SHARE = (
    0.53  # of a box's area; so do the evaluations of data sets without areas (CrowdPose, AI Challenger)
)
FROM_BOX = f"areas that are missing, taken as {BOX_SHARE} of the box"
_IMAGES = 4.0  # a labelled box may reach beyond its image, but nobody is four images large


def areas_px2(records: Records, boxes: np.ndarray, pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(N,) float64 areas, and (N,) bool which are the boxes' (N, 4), being absent, null, zero or below.

    `pixels` (N,) are those of each one's image, 0 where unknown. Raises DataError where an area is no number
    or is more than four times its image: a pose anywhere would be right.
    """
    values = records.column("area")
    missing = np.array([value is None for value in values], bool)
    found, right = numbers(values)
    wrong = ~missing & ~(right & np.isfinite(found))
    records.refuse_first(wrong, "'area' of {record} must be a finite number", "area")
    by_box = missing | (found <= 0)
    areas = np.where(by_box, BOX_SHARE * np.maximum(boxes[:, 2:], 0).prod(axis=1), found)
    beyond = (pixels > 0) & (areas > _IMAGES * pixels)
    records.refuse_first(beyond, "the area of {record} must be at most four times that of its image")
    return areas, by_box

"""What files in PoseTrack18's layout have in common, whoever writes them."""

from __future__ import annotations

import numpy as np

from workers.data.annotations.opening import Json
from workers.data.skeleton import Skeleton

_MARGIN = 0.15  # of the labelled joints' extent, on each side, as in the published files


def category(skeleton: Skeleton) -> Json:
    """The one category of a keypoint file, in COCO's manner: links count from 1."""
    links = [[first + 1, second + 1] for first, second in skeleton.links]
    return {
        "supercategory": "person", "id": 1, "name": "person",
        "keypoints": list(skeleton.names), "skeleton": links,
    }  # fmt: skip


def widened_box(points: np.ndarray) -> list[float]:
    """PoseTrack18's box (x, y, width, height) around a person's labelled joints (N, 2), px."""
    low, high = points.min(axis=0), points.max(axis=0)
    margin = _MARGIN * (high - low)
    box: list[float] = np.round([*(low - margin), *(high - low + 2.0 * margin)], 2).tolist()
    return box

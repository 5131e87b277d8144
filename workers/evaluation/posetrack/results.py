"""Predictions in PoseTrack18's own format: one JSON file for each sequence."""

# Shapes: N people, K joints.
from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import final

import numpy as np

from workers.data.annotations.opening import Json
from workers.data.posetrack_layout import category
from workers.data.skeleton import POSETRACK17, Skeleton
from workers.files import whole_file


@final
@dataclass(frozen=True, slots=True, eq=False)
class TrackedPose:
    """One predicted person of one image."""

    image_id: int
    track_id: int
    keypoints: np.ndarray  # (K, 2) px of the image
    scores: np.ndarray  # (K,)


def results_document(
    images: Sequence[Json], poses: Iterable[TrackedPose], skeleton: Skeleton = POSETRACK17
) -> Json:
    """The file of one sequence; of `images` (with id and file_name) also those without anybody.

    Numbers are written as they are, so reading gives the same ones back.
    """
    return {
        "images": [{key: image[key] for key in ("id", "file_name", "frame_id") if key in image}
                   for image in images],
        "categories": [category(skeleton)],
        "annotations": [_annotation(pose) for pose in poses],
    }  # fmt: skip


def write_results(path: Path, document: Json) -> None:
    """Writes one sequence's file, whole or not at all; its folder is made where it is missing."""
    with whole_file(path) as draft:
        draft.write_text(json.dumps(document, separators=(",", ":"), allow_nan=False), encoding="utf-8")


def _annotation(pose: TrackedPose) -> Json:
    # The third number only says that the joint is there: a joint written 0, 0, 0 would count as missing.
    there = np.column_stack([np.asarray(pose.keypoints, np.float64), np.ones(len(pose.keypoints))])
    return {
        "image_id": pose.image_id, "category_id": 1, "track_id": pose.track_id,
        "keypoints": there.ravel().tolist(), "scores": np.asarray(pose.scores, np.float64).tolist(),
    }  # fmt: skip

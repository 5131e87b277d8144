"""Predictions in PoseTrack18's own format: one JSON file for each sequence."""

# Shapes: N people, K joints.
from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from workers.data.annotations.opening import Json, load_json
from workers.data.annotations.pictures import read_own_pictures
from workers.data.people import People
from workers.data.posetrack_layout import category
from workers.data.skeleton import POSETRACK17, Skeleton
from workers.files import whole_file


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


def write_people_results(
    folder: Path, people: People, keypoints: np.ndarray, scores: np.ndarray,
    track_ids: Sequence[int] | None = None,
) -> None:  # fmt: skip
    """One file for each sequence of the people's split, with a pose (N, K, 2) px, scores (N, K) per person.

    Without `track_ids` a person's track is their place in the split, for the AP does not ask who is who.
    """
    tracks = range(len(people)) if track_ids is None else track_ids
    poses: dict[str, list[TrackedPose]] = defaultdict(list)
    for person, track_id, points, points_scores in zip(people.people, tracks, keypoints, scores, strict=True):
        poses[person.image_path].append(TrackedPose(person.image_id, int(track_id), points, points_scores))
    root = people.annotation_path.parent.parent.resolve()
    for path in sorted(people.annotation_path.glob("*.json")):
        pictures = read_own_pictures(path, load_json(path))
        names = pictures.names(np.arange(len(pictures)))
        of_sequence = (pose for name in names for pose in poses[str(root / name)])
        document = results_document(pictures.records.rows, of_sequence, people.skeleton)
        write_results(folder / path.name, document)


def _annotation(pose: TrackedPose) -> Json:
    # The third number only says that the joint is there: a joint written 0, 0, 0 would count as missing.
    there = np.column_stack([np.asarray(pose.keypoints, np.float64), np.ones(len(pose.keypoints))])
    return {
        "image_id": pose.image_id, "category_id": 1, "track_id": pose.track_id,
        "keypoints": there.ravel().tolist(), "scores": np.asarray(pose.scores, np.float64).tolist(),
    }  # fmt: skip

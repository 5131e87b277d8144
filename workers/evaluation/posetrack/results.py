"""Predictions in PoseTrack18's own format: one JSON file for each sequence."""

# Shapes: N people, K joints.
from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import IO, Any, final

import numpy as np

from workers.data.annotations.opening import Json
from workers.data.posetrack_layout import category
from workers.data.skeleton import POSETRACK17, Skeleton
from workers.files import whole_file

IMAGES_IN_MEMORY = 1 << 20  # characters of a sequence's images; more wait in a file


@final
@dataclass(frozen=True, slots=True, eq=False)
class TrackedPose:
    """One predicted person of one image."""

    image_id: int
    track_id: int
    keypoints: np.ndarray  # (K, 2) px of the image
    scores: np.ndarray  # (K,)


@final
class ResultsWriter:
    """Takes one sequence's images and poses as they come and keeps none of them; see `results_file`."""

    def __init__(self, images: IO[str], poses: IO[str]) -> None:
        self._images, self._poses = _JsonList(images), _JsonList(poses)

    def add_image(self, image: Json) -> None:
        """Writes down an image (with id and file_name), also one without anybody."""
        self._images.add({key: image[key] for key in ("id", "file_name", "frame_id") if key in image})

    def add_pose(self, pose: TrackedPose) -> None:
        """Numbers are written as they are, so reading gives the same ones back."""
        self._poses.add(_annotation(pose))


@contextmanager
def results_file(path: Path, skeleton: Skeleton = POSETRACK17) -> Iterator[ResultsWriter]:
    """One sequence's file, whole or not at all; its folder is made where it is missing.

    Memory does not grow with the sequence. Raises DataError where the file cannot be written.
    """
    with (
        whole_file(path) as draft,
        draft.open("w", encoding="utf-8") as file,
        SpooledTemporaryFile(IMAGES_IN_MEMORY, "w+", encoding="utf-8", dir=str(path.parent)) as images,
    ):
        file.write(f'{{"categories":{_text([category(skeleton)])},"annotations":[')
        yield ResultsWriter(images, file)
        file.write('],"images":[')
        images.seek(0)
        shutil.copyfileobj(images, file)
        file.write("]}")


@final
class _JsonList:
    """The inside of a JSON list, written value after value."""

    def __init__(self, file: IO[str]) -> None:
        self._file, self._between = file, ""

    def add(self, value: Json) -> None:
        self._file.write(self._between + _text(value))
        self._between = ","


def _text(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), allow_nan=False)


def _annotation(pose: TrackedPose) -> Json:
    # The third number only says that the joint is there: a joint written 0, 0, 0 would count as missing.
    there = np.column_stack([np.asarray(pose.keypoints, np.float64), np.ones(len(pose.keypoints))])
    return {
        "image_id": pose.image_id, "category_id": 1, "track_id": pose.track_id,
        "keypoints": there.ravel().tolist(), "scores": np.asarray(pose.scores, np.float64).tolist(),
    }  # fmt: skip

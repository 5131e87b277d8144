"""Boxes and tracks of the people in the frames of a video: labelled, or found by a detector and a tracker.

Either a file in PoseTrack18's layout: {images, annotations}, an annotation with image_id, bbox, track_id.
Or a list of {image_id, bbox, track_id}, image_id being the number of the frame.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, final

import numpy as np

from workers.data.coco import Json
from workers.errors import DataError

_LIKE = (
    "Write it as PoseTrack18's annotation files (images with id and file_name, annotations with image_id, "
    "bbox and track_id), or as a list of {image_id, bbox, track_id} with the frame's number as image_id."
)


@final
@dataclass(frozen=True, slots=True, eq=False)
class Boxes:
    """Everybody in one frame."""

    xywh_px: np.ndarray  # (N, 4) float64
    track_ids: np.ndarray  # (N,) int64


NOBODY = Boxes(np.empty((0, 4)), np.empty(0, np.int64))


@final
@dataclass(frozen=True, slots=True, eq=False)
class TrackedBoxes:
    """The boxes of one video's frames."""

    of_frame: Mapping[int, Boxes]
    images: Mapping[int, Json] | None
    """The file's record of each frame that was looked at, by its number; None: all were looked at."""

    def at(self, frame: int) -> Boxes:
        return self.of_frame.get(frame, NOBODY)

    def image(self, frame: int, name: str) -> Json:
        """A frame's record, id and file_name: the file's own, or one with the frame's number as id."""
        return self.images[frame] if self.images is not None else {"id": frame, "file_name": name}


def read_boxes(path: Path) -> TrackedBoxes:
    """Raises DataError, naming the file, where it cannot be read, lacks a field or has no box.

    A person without a box or a track is left out, as PoseTrack18's files have some without boxes. Of the
    frames that a file lists, those count that are labelled or have people, as for `Tracks`.
    """
    try:
        content = json.loads(path.read_bytes())
        boxes = _of_list(content) if isinstance(content, list) else _of_document(content)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        what = f"it has no {error}" if isinstance(error, KeyError) else str(error)
        raise DataError(f"cannot read boxes from {path}: {what}. {_LIKE}") from error
    if not boxes.of_frame:
        raise DataError(f"{path} has no box with a track. {_LIKE}")
    return boxes


def _of_list(records: Sequence[Json]) -> TrackedBoxes:
    return TrackedBoxes(_boxes(records, {record["image_id"]: record["image_id"] for record in records}), None)


def _of_document(content: Mapping[str, Any]) -> TrackedBoxes:
    number_of = {image["id"]: int(Path(image["file_name"]).stem) for image in content["images"]}
    peopled = {record["image_id"] for record in content["annotations"]}
    images = {
        number_of[image["id"]]: image for image in content["images"]
        if image.get("is_labeled") or image["id"] in peopled
    }  # fmt: skip
    return TrackedBoxes(_boxes(content["annotations"], number_of), images)


def _boxes(records: Sequence[Json], number_of: Mapping[Any, int]) -> dict[int, Boxes]:
    rows: Mapping[int, list[tuple[list[float], int]]] = defaultdict(list)
    for record in records:
        if "bbox" in record and "track_id" in record:
            x, y, width, height = map(float, record["bbox"])
            if width >= 1 and height >= 1:
                row = ([x, y, width, height], int(record["track_id"]))
                rows[int(number_of[record["image_id"]])].append(row)
    return {
        frame: Boxes(np.array([box for box, _ in each]), np.array([track for _, track in each], np.int64))
        for frame, each in rows.items()
    }

"""Boxes and tracks of the people in the frames of a video: labelled, or found by a detector and a tracker.

Either a file in PoseTrack18's layout: {images, annotations}, an annotation with image_id, bbox, track_id.
Or a list of {image_id, bbox, track_id}, image_id being the number of the frame.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, final

import numpy as np

from workers.data.annotations.opening import Json, load_value
from workers.data.annotations.pictures import read_own_pictures
from workers.data.annotations.records import BEYOND_PX, Records, listed, records_of
from workers.data.annotations.table import remaining
from workers.data.tracks import frame_numbers
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
    skipped: Mapping[str, int] = field(default_factory=dict)
    """Records that are not followed, by reason."""

    def at(self, frame: int) -> Boxes:
        return self.of_frame.get(frame, NOBODY)

    def image(self, frame: int, name: str) -> Json:
        """A frame's record, id and file_name: the file's own, or one with the frame's number as id."""
        return self.images[frame] if self.images is not None else {"id": frame, "file_name": name}


def read_boxes(path: Path) -> TrackedBoxes:
    """Raises DataError, naming file and record, where a field is not what it must be or no box is left.

    A person without a box or a track is left out, as PoseTrack18's files have some without boxes; a number
    below 0 is no track. Of the frames that a file lists, those count that are labelled or have people, as for
    `Tracks`.
    """
    content = load_value(path, _LIKE)
    boxes = _of_list(path, content) if isinstance(content, list) else _of_document(path, content)
    if not boxes.of_frame:
        raise DataError(f"{path} has no box with a track. {_LIKE}")
    return boxes


def _of_list(path: Path, content: list[Any]) -> TrackedBoxes:
    records = records_of(path, content, "the file", "record", _LIKE)
    frames = records.whole("image_id")
    records.refuse_first(frames < 0, "'image_id' of {record} must be the number of a frame", "image_id")
    of_frame, skipped = _boxes(records, frames)
    return TrackedBoxes(of_frame, None, skipped)


def _of_document(path: Path, content: Any) -> TrackedBoxes:
    if not isinstance(content, dict):
        raise DataError(f"{path}: the file must hold a JSON object or list. {_LIKE}")
    pictures = read_own_pictures(path, content, _LIKE)
    frames = np.array(frame_numbers(pictures), np.int64)
    records = listed(path, content, "annotations", "annotation", _LIKE)
    rows = pictures.rows_of(records.whole("image_id"))
    records.refuse_first(rows < 0, "{record} must be of an image that the file lists", "image_id")
    looked_at = pictures.records.flag("is_labeled")
    looked_at[rows] = True
    images = {
        frame: image | {"id": number}
        for frame, image, number, seen in zip(
            frames.tolist(), pictures.records.rows, pictures.ids.tolist(), looked_at.tolist(), strict=True
        )
        if seen
    }
    of_frame, skipped = _boxes(records, frames[rows])
    return TrackedBoxes(of_frame, images, skipped)


def _boxes(records: Records, frames: np.ndarray) -> tuple[dict[int, Boxes], Counter[str]]:
    boxes, there = records.rows_of("bbox", 4)
    tracked = np.array([value is not None for value in records.column("track_id")], bool)
    tracks = np.full(len(records), -1)
    tracks[tracked] = records.take(np.flatnonzero(tracked)).whole("track_id")
    finite = (np.abs(boxes) <= BEYOND_PX).all(axis=1)
    wrong = {
        "without a box": ~there, "without a track": tracks < 0, "with a box that is not finite": ~finite,
        "with a box below one pixel": ~(boxes[:, 2:] >= 1).all(axis=1),
    }  # fmt: skip
    rows, skipped = remaining(np.arange(len(records)), wrong)
    boxes, tracks, frames = boxes[rows], tracks[rows], frames[rows]
    of_frame = {
        frame: Boxes(boxes[frames == frame], tracks[frames == frame])
        for frame in dict.fromkeys(frames.tolist())
    }
    return of_frame, skipped

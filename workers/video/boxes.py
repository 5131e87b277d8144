"""Boxes and tracks of the people in the frames of a video: labelled, or found by a detector or a tracker.

Either a file in PoseTrack18's layout: {images, annotations}, an annotation with image_id, bbox, track_id.
Or a list of {image_id, bbox, track_id} or {image_id, bbox, score, category_id}, image_id being the frame's
number or the name of its image. A file in which nobody has a track gets tracks by `tracker.py`. A box that
cannot be used costs that box, and is counts_text.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import Any, TypeVar, final

import numpy as np

from workers.data.annotations.opening import Json, load_value
from workers.data.annotations.pictures import Pictures, read_own_pictures
from workers.data.annotations.values import whole_number
from workers.data.images import Size
from workers.data.people import counts_text
from workers.data.tracks import frame_numbers
from workers.errors import DataError
from workers.video.box_records import (
    LEAST_BOX_SCORE,
    BadBoxError,
    BoxRecord,
    frame_number,
    read_record,
    score_of,
)
from workers.video.tracker import BoxTracker

_PERSON = 1  # COCO's category
_LIKE = (
    "Write it as PoseTrack18's annotation files (images with id and file_name, annotations with image_id, "
    "bbox and track_id), or as a list of {image_id, bbox, track_id} or a detector's {image_id, bbox, score}, "
    "with the frame's number as image_id."
)


@final
@dataclass(frozen=True, slots=True, eq=False)
class Boxes:
    """Everybody in one frame."""

    xywh_px: np.ndarray  # (N, 4) float64
    track_ids: np.ndarray  # (N,) int64


NOBODY = Boxes(np.empty((0, 4)), np.empty(0, np.int64))


@final
@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TrackedBoxes:
    """The boxes of one video's frames."""

    of_frame: Mapping[int, Boxes]
    images: Mapping[int, Json] | None
    """The file's record of each frame that was looked at, by its number; None: all were looked at."""
    stated_hw: Mapping[int, Size] = field(default_factory=dict)
    """Height and width of the frames of which the file states them."""
    left_out: Mapping[str, int] = field(default_factory=dict)
    """How many boxes are not used, by reason."""
    tracks: int | None = None
    """How many the tracker found; None where the file says who is who."""
    whole_frame: bool = False
    """One person in each frame, as large as it."""

    def at(self, frame: int, image_hw: Size | None = None) -> Boxes:
        """Everybody in the frame; its size counts where the boxes are whole frames."""
        if self.whole_frame and image_hw is not None:
            height, width = image_hw
            return Boxes(np.array([[0.0, 0.0, width, height]]), np.ones(1, np.int64))
        return self.of_frame.get(frame, NOBODY)

    def image(self, frame: int, name: str) -> Json:
        """A frame's record, id and file_name: the file's own, or one with the frame's number as id."""
        return self.images[frame] if self.images is not None else {"id": frame, "file_name": name}

    def lines(self) -> Iterator[str]:
        """What was decided about the boxes, for a person to read; none where all are used as they are."""
        if self.left_out:
            used = sum(len(boxes.track_ids) for boxes in self.of_frame.values())
            yield f"boxes: {used} used; left out: {counts_text(self.left_out)}"
        if self.tracks is not None:
            yield f"boxes: no tracks in the file; {self.tracks} found by the overlap of boxes"


def whole_frames() -> TrackedBoxes:
    """One person in every frame, who fills it."""
    return TrackedBoxes(of_frame={}, images=None, whole_frame=True)


def read_boxes(path: Path, least_score: float = LEAST_BOX_SCORE) -> TrackedBoxes:
    """Raises DataError, naming the file, where it cannot be read or no box of it can be used.

    Boxes without a track are left out where others have one; where none has, people are followed by the
    overlap of their boxes, of which those below `least_score` or of another category than COCO's person do
    not count. Of the frames that a file lists, those count that are labelled or have people, as for `Tracks`.
    """
    content, left_out = load_value(path, _LIKE), Counter[str]()
    given = _of_list(content) if isinstance(content, list) else _of_document(path, content)
    found = list(_usable(lambda record: read_record(record, given.frame_of), given.records, left_out))
    tracks = None
    if any(record.track_id is not None for record in found):
        found = list(_usable(_Once(), found, left_out))
    else:
        found = list(_usable(_Followed(path, found, least_score), found, left_out))
        found, tracks = _numbered(found)
    if not found:
        raise DataError(f"{path} has no usable box: {counts_text(left_out) or 'no box at all'}. {_LIKE}")
    return TrackedBoxes(
        of_frame=_by_frame(found), images=given.images, stated_hw=given.stated_hw, left_out=left_out,
        tracks=tracks,
    )  # fmt: skip


Given = TypeVar("Given")


def _usable(
    check: Callable[[Given], BoxRecord], records: Iterable[Given], left_out: Counter[str]
) -> Iterator[BoxRecord]:
    """What `check` makes of the records; the reasons of the others are counts_text."""
    for record in records:
        try:
            yield check(record)
        except BadBoxError as reason:
            left_out[str(reason)] += 1


@final
class _Once:
    """Takes boxes with a track, each track once in a frame."""

    def __init__(self) -> None:
        self._met: set[tuple[int, int]] = set()

    def __call__(self, record: BoxRecord) -> BoxRecord:
        if record.track_id is None:
            raise BadBoxError("without a track")
        if (record.frame, record.track_id) in self._met:
            raise BadBoxError("whose track has another box in the frame")
        self._met.add((record.frame, record.track_id))
        return record


@final
class _Followed:
    """Takes people's boxes that a detector is sure enough of."""

    def __init__(self, path: Path, records: Sequence[BoxRecord], least_score: float) -> None:
        self.least_score = least_score
        kinds = {repr(record.category_id) for record in records if record.category_id is not None}
        if len(kinds) > 1 and repr(_PERSON) not in kinds:
            raise DataError(
                f"{path} must have people's boxes with category_id {_PERSON}, as COCO numbers them, but it "
                f"has {', '.join(sorted(kinds)[:5])}. Leave other categories out, or number people {_PERSON}."
            )
        self.category = repr(_PERSON) if len(kinds) > 1 else None

    def __call__(self, record: BoxRecord) -> BoxRecord:
        if self.category is not None and repr(record.category_id) != self.category:
            raise BadBoxError("of another category than people")
        if score_of(record) < self.least_score:
            raise BadBoxError(f"with a score below {self.least_score:g}")
        return record


def _numbered(records: Iterable[BoxRecord]) -> tuple[list[BoxRecord], int]:
    """The records, frame after frame, with tracks by the overlap of their boxes; and how many tracks."""
    tracker, numbered = BoxTracker(), []
    for frame, group in groupby(sorted(records, key=attrgetter("frame")), key=attrgetter("frame")):
        people = list(group)
        ids = tracker.step(frame, np.array([record.box_xywh_px for record in people]))
        numbered += [replace(one, track_id=track) for one, track in zip(people, ids.tolist(), strict=True)]
    return numbered, tracker.tracks


def _by_frame(records: Iterable[BoxRecord]) -> dict[int, Boxes]:
    rows: dict[int, list[BoxRecord]] = defaultdict(list)
    for record in records:
        rows[record.frame].append(record)
    return {
        frame: Boxes(
            np.array([record.box_xywh_px for record in people]),
            np.array([record.track_id for record in people], np.int64),
        )
        for frame, people in rows.items()
    }


@final
@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Given:
    """What a file holds, its boxes not yet looked at."""

    records: Sequence[Any]
    frame_of: Callable[[Any], int]  # of a record's image_id
    images: Mapping[int, Json] | None = None
    stated_hw: Mapping[int, Size] = field(default_factory=dict)


def _of_list(records: list[Any]) -> _Given:
    return _Given(records=records, frame_of=frame_number)


def _of_document(path: Path, content: Any) -> _Given:
    if not isinstance(content, dict):
        raise DataError(f"{path}: the file must hold a JSON object or list. {_LIKE}")
    pictures = read_own_pictures(path, content, _LIKE)
    records = content.get("annotations")
    if not isinstance(records, list):
        raise DataError(f"{path}: 'annotations' must be a list of objects. {_LIKE}")
    number_of = dict(zip(pictures.ids.tolist(), frame_numbers(pictures), strict=True))

    def frame_of(image_id: Any) -> int:
        number = whole_number(image_id)
        if number not in number_of:
            raise BadBoxError("of an image that is not listed")
        return number_of[number]

    peopled = {whole_number(record.get("image_id")) for record in records if isinstance(record, dict)}
    return _Given(
        records=records, frame_of=frame_of, images=_looked_at(pictures, number_of, peopled),
        stated_hw=_stated_sizes(pictures, number_of),
    )  # fmt: skip


def _looked_at(pictures: Pictures, number_of: Mapping[int, int], peopled: Set[int | None]) -> dict[int, Json]:
    """The records of the images that are labelled or have people, by their frames' numbers."""
    columns = zip(
        pictures.ids.tolist(),
        pictures.records.rows,
        pictures.records.flag("is_labeled").tolist(),
        strict=True,
    )
    return {
        number_of[number]: image | {"id": number}
        for number, image, labelled in columns
        if labelled or number in peopled
    }


def _stated_sizes(pictures: Pictures, number_of: Mapping[int, int]) -> dict[int, Size]:
    columns = zip(pictures.ids.tolist(), pictures.sizes_hw.tolist(), strict=True)
    return {number_of[number]: (height, width) for number, (height, width) in columns if height and width}

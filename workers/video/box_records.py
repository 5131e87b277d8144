"""One box of a file, checked field by field; whoever wrote it, a bad one is no reason to lose a video."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any, final

import numpy as np

from workers.data.annotations.values import BEYOND_PX, numbers, rows_of_numbers, whole_number
from workers.data.people import Box

LEAST_BOX_SCORE = 0.3  # of a detector's box that is followed


class BadBoxError(Exception):
    """The reason why a box is left out."""


@final
@dataclass(frozen=True, slots=True)
class BoxRecord:
    """A box in a frame, as far as the file says."""

    frame: int
    box_xywh_px: Box
    track_id: int | None
    category_id: Any
    score: Any


def read_record(record: Any, frame_of: Callable[[Any], int]) -> BoxRecord:
    """Raises BadBoxError with the reason."""
    if not isinstance(record, Mapping):
        raise BadBoxError("that are no objects")
    category = record.get("category_id")
    number = whole_number(category)
    return BoxRecord(
        frame=frame_of(record.get("image_id")),
        box_xywh_px=_box(record.get("bbox")),
        track_id=_track(record.get("track_id")),
        category_id=category if number is None else number,
        score=record.get("score"),
    )


def frame_number(image_id: Any) -> int:
    """12, 12.0, "12", "000012" and "frames/000012.jpg" are frame 12; else BadBoxError."""
    if isinstance(image_id, str):
        name = PurePath(image_id)
        image_id = name.stem if name.suffix.lower() in ("", ".jpg", ".jpeg", ".png") else None
    number = whole_number(image_id)
    if number is None or number < 0:
        raise BadBoxError("whose image_id is no frame's number")
    return number


def score_of(record: BoxRecord) -> float:
    """A detector's score, 1 where it gives none; else BadBoxError."""
    if record.score is None:
        return 1.0
    (score,), (right,) = numbers([record.score])
    if not (right and np.isfinite(score)):
        raise BadBoxError("whose score is no number")
    return float(score)


def _box(bbox: Any) -> Box:
    if bbox is None:
        raise BadBoxError("without a bbox")
    (row,), (right,) = rows_of_numbers([bbox], 4)
    if not (right and np.isfinite(row).all()):
        raise BadBoxError("whose bbox is not four numbers")
    if np.abs(row).max() > BEYOND_PX:
        raise BadBoxError("whose bbox is beyond reason")
    x, y, width, height = row.tolist()
    if width < 1 or height < 1:
        raise BadBoxError("below one pixel")
    return x, y, width, height


def _track(track_id: Any) -> int | None:
    """A record's track; None where there is none: missing, null, or negative, as trackers write it."""
    if track_id is None:
        return None
    number = whole_number(track_id)
    if number is None:
        raise BadBoxError("whose track_id is no whole number")
    return number if number >= 0 else None

"""One box of a file, checked field by field; whoever wrote it, a bad one is no reason to lose a video."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from workers.data.people import Box

_MOST = 1 << 30  # of a coordinate in px, a track's number, a frame's number
_MOST_DIGITS = 12


class BadBoxError(Exception):
    """The reason why a box is left out."""


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
    return BoxRecord(
        frame=frame_of(record.get("image_id")),
        box_xywh_px=_box(record.get("bbox")),
        track_id=_track(record.get("track_id")),
        category_id=record.get("category_id"),
        score=record.get("score"),
    )


def frame_number(image_id: Any) -> int:
    """12, 12.0, "12", "000012" and "frames/000012.jpg" are frame 12; else BadBoxError."""
    if isinstance(image_id, str):
        name = PurePath(image_id)
        digits = name.stem if name.suffix.lower() in ("", ".jpg", ".jpeg", ".png") else ""
        number = int(digits) if digits.isdecimal() and len(digits) <= _MOST_DIGITS else None
    else:
        number = _whole(image_id)
    if number is None or not 0 <= number < _MOST:
        raise BadBoxError("whose image_id is no frame's number")
    return number


def score_of(record: BoxRecord) -> float:
    """A detector's score, 1 where it gives none; else BadBoxError."""
    if record.score is None:
        return 1.0
    if not _is_number(record.score):
        raise BadBoxError("whose score is no number")
    return float(record.score)


def _box(bbox: Any) -> Box:
    if bbox is None:
        raise BadBoxError("without a bbox")
    if not isinstance(bbox, list) or len(bbox) != 4 or not all(map(_is_number, bbox)):
        raise BadBoxError("whose bbox is not four numbers")
    x, y, width, height = map(float, bbox)
    if max(map(abs, (x, y, width, height))) > _MOST:
        raise BadBoxError("whose bbox is beyond reason")
    if width < 1 or height < 1:
        raise BadBoxError("below one pixel")
    return x, y, width, height


def _track(track_id: Any) -> int | None:
    """None where there is none: missing, null, or negative, as trackers write it."""
    if track_id is None:
        return None
    if isinstance(track_id, str) and len(track_id) <= _MOST_DIGITS and track_id.strip("-").isdecimal():
        track_id = int(track_id)
    number = _whole(track_id)
    if number is None or number >= _MOST:
        raise BadBoxError("whose track_id is no whole number")
    return number if number >= 0 else None


def _whole(value: Any) -> int | None:
    return int(value) if _is_number(value) and float(value).is_integer() else None


def _is_number(value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return abs(value) < _MOST**4 and math.isfinite(value)

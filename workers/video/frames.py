"""The frames of a video, from its file or from a folder of images, one at a time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import final

import cv2
import numpy as np

from workers.data.images import Flaw, Size, load_image, refusal
from workers.data.pictures.files import Fence
from workers.errors import DataError
from workers.files import visible

IMAGES = (".jpg", ".jpeg", ".png")
_LEFT_OUT = (Flaw.NOT_A_FILE, Flaw.OUTSIDE, Flaw.TOO_LARGE)


@final
@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One frame."""

    number: int  # from the image's name; of a video file counted from 0
    name: str
    image: np.ndarray  # (rows, columns, 3) uint8, BGR, the right way up


@final
class FrameNotes:
    """What befell a video's frames: which were left out, how they were turned, whose boxes missed them."""

    def __init__(self) -> None:
        self.skipped: dict[int, str] = {}  # why, by number
        self.turned: Counter[str] = Counter()  # images, by how
        self.rotation = ""  # of a video file
        self.boxes_outside = 0

    def lines(self) -> Iterator[str]:
        """Lines for a person to read; none where nothing befell."""
        for reason, count in Counter(self.skipped.values()).items():
            yield f"frames left out: {count} {reason}"
        for what, count in self.turned.items():
            yield f"frames: {count} {what}"
        if self.rotation:
            yield f"frames: {self.rotation}"
        if self.boxes_outside:
            yield f"boxes: {self.boxes_outside} outside the picture"


def read_frames(
    source: Path,
    wanted: Container[int] | None = None,
    stated_hw: Mapping[int, Size] | None = None,
    notes: FrameNotes | None = None,
) -> Iterator[Frame]:
    """The wanted frames, by default all, in the order of their numbers; others are not decoded.

    Images and videos that say which way up they are are turned, unless the stated (height, width) of a frame
    fit the stored pixels alone. Images that are pipes, devices, links out of the folder or of a size beyond
    reason are left out; `notes` is told of both. Raises DataError, naming the file, where a folder has no
    numbered images, an image is broken, or a file is no video or breaks off.
    """
    frames = _of_folder if source.is_dir() else _of_video
    return frames(source, wanted, stated_hw or {}, notes or FrameNotes())


def frames_per_second(source: Path) -> float | None:
    """What a video file says of itself; None of a folder, and of a file that does not say."""
    if source.is_dir():
        return None
    video = cv2.VideoCapture(str(source))
    rate = float(video.get(cv2.CAP_PROP_FPS))
    video.release()
    return rate if 0 < rate < 1000 else None


def _of_folder(
    folder: Path, wanted: Container[int] | None, stated_hw: Mapping[int, Size], notes: FrameNotes
) -> Iterator[Frame]:
    fence = Fence(folder)
    images = [
        path for path in visible(folder, "*") if path.suffix.lower() in IMAGES and path.stem.isdecimal()
    ]
    if not images:
        raise DataError(
            f"{folder} must hold images named by the numbers of their frames, as 000012.jpg is, "
            "but it has none. Name the folder of one video's frames, or a video file."
        )
    for path in sorted(images, key=lambda path: int(path.stem)):
        number = int(path.stem)
        if wanted is None or number in wanted:
            found = load_image(str(path), stated_hw.get(number)) if fence.holds(str(path)) else Flaw.OUTSIDE
            if isinstance(found, Flaw) and found not in _LEFT_OUT:
                raise DataError(refusal(str(path), found))
            if isinstance(found, Flaw):
                notes.skipped[number] = found
                continue
            notes.turned.update([str(found.turn)] if found.turn else [])
            yield Frame(number, path.name, found.pixels)


def _of_video(
    path: Path, wanted: Container[int] | None, stated_hw: Mapping[int, Size], notes: FrameNotes
) -> Iterator[Frame]:
    video = cv2.VideoCapture(str(path)) if path.is_file() else None
    if video is None or not video.isOpened():
        raise DataError(
            f"{path} must be a folder of images or a video that OpenCV can read, but it "
            f"{'is neither' if path.exists() else 'does not exist'}. Name the frames."
        )
    try:
        _turn_as_stated(video, stated_hw, notes)
        number = 0
        while video.grab():
            if wanted is None or number in wanted:
                decoded, image = video.retrieve()
                if not decoded:
                    raise DataError(f"frame {number} of {path} cannot be decoded. Write the video anew.")
                yield Frame(number, f"{number:06d}.jpg", np.asarray(image))
            number += 1
        promised = round(video.get(cv2.CAP_PROP_FRAME_COUNT))
        if number < promised:  # what has no count of its own promises none
            raise DataError(
                f"{path} must have the {promised} frames that it counts, but it ends after {number}. Copy it "
                "again where it was cut off, or write it anew."
            )
    finally:
        video.release()


def _turn_as_stated(video: cv2.VideoCapture, stated_hw: Mapping[int, Size], notes: FrameNotes) -> None:
    """OpenCV turns frames by the file's rotation; not where their stated size fits the stored ones alone."""
    degrees = round(video.get(cv2.CAP_PROP_ORIENTATION_META)) % 360
    if not degrees:
        return
    shown = round(video.get(cv2.CAP_PROP_FRAME_HEIGHT)), round(video.get(cv2.CAP_PROP_FRAME_WIDTH))
    stated = next(iter(stated_hw.values()), shown)
    if stated != shown and stated == shown[::-1] and degrees % 180:
        video.set(cv2.CAP_PROP_ORIENTATION_AUTO, 0)
        notes.rotation = f"not turned by the video's {degrees} degrees, as their stated size asks"
    else:
        notes.rotation = f"turned by the video's {degrees} degrees, as cv2.VideoCapture does"

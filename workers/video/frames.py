"""The frames of a video, from its file or from a folder of images, one at a time."""

from __future__ import annotations

from collections.abc import Container, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import final

import cv2
import numpy as np

from workers.data.images import read_image
from workers.errors import DataError

IMAGES = (".jpg", ".jpeg", ".png")


@final
@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One frame."""

    number: int  # from the image's name; of a video file counted from 0
    name: str
    image: np.ndarray  # (rows, columns, 3) uint8, BGR


def read_frames(source: Path, wanted: Container[int] | None = None) -> Iterator[Frame]:
    """The wanted frames, by default all, in the order of their numbers; others are not decoded.

    Raises DataError, naming the file, where a folder has no numbered images, or a file is no video or breaks
    off.
    """
    frames = _of_folder(source, wanted) if source.is_dir() else _of_video(source, wanted)
    return iter(frames)


def frames_per_second(source: Path) -> float | None:
    """What a video file says of itself; None of a folder, and of a file that does not say."""
    if source.is_dir():
        return None
    video = cv2.VideoCapture(str(source))
    rate = float(video.get(cv2.CAP_PROP_FPS))
    video.release()
    return rate if 0 < rate < 1000 else None


def _of_folder(folder: Path, wanted: Container[int] | None) -> Iterator[Frame]:
    images = [path for path in folder.iterdir() if path.suffix.lower() in IMAGES and path.stem.isdecimal()]
    if not images:
        raise DataError(
            f"{folder} must hold images named by the numbers of their frames, as 000012.jpg is, "
            "but it has none. Name the folder of one video's frames, or a video file."
        )
    for path in sorted(images, key=lambda path: int(path.stem)):
        if wanted is None or int(path.stem) in wanted:
            yield Frame(int(path.stem), path.name, read_image(str(path)))


def _of_video(path: Path, wanted: Container[int] | None) -> Iterator[Frame]:
    video = cv2.VideoCapture(str(path)) if path.is_file() else None
    if video is None or not video.isOpened():
        raise DataError(
            f"{path} must be a folder of images or a video that OpenCV can read, but it "
            f"{'is neither' if path.exists() else 'does not exist'}. Name the frames."
        )
    try:
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

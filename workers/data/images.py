"""Image files as arrays: strict decoding, the right way up, a quick check of many, a bounded store in memory.

Every image that is read goes through `load_image`.
"""

from __future__ import annotations

import os
import threading
from collections import Counter
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum
from typing import final

import cv2
import numpy as np

from workers.data.people import Person
from workers.data.pictures.files import NotAFileError, read_plain_file
from workers.data.pictures.header import Header, read_header
from workers.errors import DataError

MOST_PIXELS = 1 << 28  # 0.8 GB once decoded; a telephone's 200 megapixels are below it
_CHECK_REDUCTION = 8  # the check decodes an eighth of each side, the cheapest that reads it all
_TOLERANCE_PX = 8  # of a stated size; what the check's eighth can tell
Size = tuple[int, int]  # height, width


class Flaw(StrEnum):
    """Why an image file cannot be used."""

    MISSING = "image file missing"
    UNREADABLE = "image unreadable or truncated"
    OTHER_SIZE = "image size differs from its annotation"
    NOT_A_FILE = "image is a folder, pipe or device, or larger than a GiB"
    OUTSIDE = "image outside the data folder"
    TOO_LARGE = "image that declares more than 268 megapixels"


class Turn(StrEnum):
    """What was decided about an image whose EXIF orientation is not the stored one."""

    AS_STATED = "images turned by their EXIF orientation, which their stated size asks for"
    AS_STORED = "images left as stored, not turned by their EXIF orientation, as their stated size asks"
    AS_OPENCV = "images turned by their EXIF orientation as cv2.imread does, as no stated size decides it"


@final
@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """A decoded image."""

    pixels: np.ndarray  # BGR (H, W, 3) uint8; grey and smaller when it was only checked
    turn: Turn | None


@final
@dataclass(frozen=True, slots=True, eq=False)
class Checked:
    """What a look at many image files found."""

    flaws: Mapping[str, Flaw]  # by path
    turns: Counter[str]  # how many images were decided how


def read_image(path: str, stated_hw: Size | None = None) -> np.ndarray:
    """The image as BGR (H, W, 3) uint8, in the orientation that the stated height and width fit.

    Where stored and EXIF orientation both fit, or nothing is stated, as cv2.imread has it: EXIF's. Raises
    DataError naming the file when it is missing, truncated, no image or no plain file, or of another size.
    """
    picture = load_image(path, stated_hw)
    if isinstance(picture, Flaw):
        raise DataError(refusal(path, picture))
    return picture.pixels


def load_image(path: str, stated_hw: Size | None = None, flags: int = cv2.IMREAD_COLOR) -> Picture | Flaw:
    """The image, or why it cannot be used; nothing is opened that could wait, or decoded without bounds."""
    data = _content(path)
    if isinstance(data, Flaw):
        return data
    header = read_header(data)
    if header is None:
        return Flaw.UNREADABLE
    if header.stored_hw[0] * header.stored_hw[1] > MOST_PIXELS:
        return Flaw.TOO_LARGE
    turn = _turn(header, stated_hw)
    if isinstance(turn, Flaw):
        return turn
    stored = cv2.IMREAD_IGNORE_ORIENTATION if turn is Turn.AS_STORED else 0
    pixels = _decode(data, flags | stored)
    return Flaw.UNREADABLE if pixels is None else Picture(pixels, turn)


def image_size(path: str) -> Size:
    """Height and width the right way up, without decoding; DataError, naming the file, as `read_image`."""
    data = _content(path)
    header = None if isinstance(data, Flaw) else read_header(data)
    if header is None:
        raise DataError(refusal(path, data if isinstance(data, Flaw) else Flaw.UNREADABLE))
    return header.upright_hw


def check_images(files: Iterable[tuple[str, Size]], threads: int | None = None) -> Checked:
    """Which of the (path, stated (H, W)) cannot be used, and why; 1.3 ms per COCO JPEG and core."""
    threads = threads or os.cpu_count() or 1
    files = tuple(files)
    with ThreadPoolExecutor(threads) as pool:
        found = list(pool.map(lambda file: _look_at(*file), files))
    flaws = {path: flaw for (path, _), flaw in zip(files, found, strict=True) if isinstance(flaw, Flaw)}
    return Checked(flaws, Counter(str(turn) for turn in found if isinstance(turn, Turn)))


@final
class ImageStore:
    """Decoded images kept until `budget_bytes` is full; the rest are decoded again at every use.

    The first images stay: under shuffled epochs each is used equally often, so evicting gains nothing.
    Safe for several threads; pickled without its images.
    """

    def __init__(self, budget_bytes: int) -> None:
        self.budget_bytes = budget_bytes
        self._images: dict[str, np.ndarray] = {}
        self._lock = threading.Lock()
        self.kept_bytes = 0

    def view(self, row: int, person: Person) -> tuple[np.ndarray, None]:
        """The person's whole image; see `PixelSource`."""
        return self.read(person.image_path, person.image_hw), None

    def __reduce__(self) -> tuple[type[ImageStore], tuple[int]]:
        return ImageStore, (self.budget_bytes,)

    def read(self, path: str, stated_hw: Size | None = None) -> np.ndarray:
        """The image that `read_image` gives; the array is shared, so do not write to it."""
        kept = self._images.get(path)
        if kept is not None:
            return kept
        image = read_image(path, stated_hw)
        with self._lock:
            if path not in self._images and self.kept_bytes + image.nbytes <= self.budget_bytes:
                self._images[path] = image
                self.kept_bytes += image.nbytes
        return image


def _content(path: str) -> bytes | Flaw:
    try:
        return read_plain_file(path)
    except NotAFileError:
        return Flaw.NOT_A_FILE
    except (FileNotFoundError, NotADirectoryError):
        return Flaw.MISSING
    except OSError:
        return Flaw.UNREADABLE


def _turn(header: Header, stated_hw: Size | None) -> Turn | Flaw | None:
    """What the stated size says of the orientation; None where there is but one."""
    stored, upright = (
        stated_hw is None or _fits(size, stated_hw) for size in (header.stored_hw, header.upright_hw)
    )
    if not (stored or upright):
        return Flaw.OTHER_SIZE
    if header.orientation == 1:
        return None
    if stored and upright:
        return Turn.AS_OPENCV
    return Turn.AS_STATED if upright else Turn.AS_STORED


def _fits(size: Size, stated: Size) -> bool:
    return all(abs(one - other) < _TOLERANCE_PX for one, other in zip(size, stated, strict=True))


def _decode(data: bytes, flags: int) -> np.ndarray | None:
    # From memory, not cv2.imread: that one fills the missing part of a truncated JPEG with grey.
    try:
        return cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    except cv2.error:
        return None


def _look_at(path: str, stated_hw: Size) -> Flaw | Turn | None:
    found = load_image(path, stated_hw, cv2.IMREAD_REDUCED_GRAYSCALE_8)
    if isinstance(found, Flaw):
        return found
    height, width = found.pixels.shape
    fits = _fits((height * _CHECK_REDUCTION, width * _CHECK_REDUCTION), stated_hw)
    return found.turn if fits else Flaw.OTHER_SIZE


def refusal(path: str, flaw: Flaw) -> str:
    """The message of an error about an image."""
    match flaw:
        case Flaw.MISSING:
            return f"cannot read image {path}: No such file or directory. Restore the file."
        case Flaw.UNREADABLE:
            return f"cannot decode image {path}: unreadable or truncated. Replace the file."
        case _:
            return f"cannot use image {path}: {flaw}. Replace the file."

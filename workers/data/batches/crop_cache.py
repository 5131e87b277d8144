"""The packed cache: the decoded pixels of each person that training can show, one mapped file per split.

    root/crop_cache/{annotations}-{H}x{W}-{augmentation}.crops

All processes of a machine share the file's pages. `crop_cache_build.py` writes it. The file ends with an
index of the people and a footer that holds the digest of everything it was made from; one that is torn, or
made from other annotations or images, does not match and is made anew.
"""

from __future__ import annotations

import hashlib
import mmap
import os
import struct
from dataclasses import replace
from pathlib import Path
from typing import Any, final

import numpy as np

from workers.data.batches.augment import Augmentation
from workers.data.batches.reach import DENSITY
from workers.data.people import People, Person
from workers.errors import DataError

FOLDER = "crop_cache"
ENTRY = np.dtype([("offset", "<i8"), ("height", "<i4"), ("width", "<i4"), ("affine", "<f8", (2, 3))])
_FOOTER = struct.Struct("<8s32sqq")  # magic, digest, offset of the index, people
_MAGIC = b"vipcrop2"


@final
class CropCache:
    """The packed cache as a source of pixels; pickled as its name, for every process maps it for itself."""

    def __init__(self, path: Path, digest: bytes, content: mmap.mmap, index: np.ndarray) -> None:
        self.path, self._digest, self._index = path, digest, index
        self._pixels = np.frombuffer(content, np.uint8)

    def view(self, row: int, person: Person) -> tuple[np.ndarray, np.ndarray]:
        """BGR pixels (h, w, 3) of the person of this row, and the affine from px of their image to these."""
        entry = self._index[row]
        start, height, width = int(entry["offset"]), int(entry["height"]), int(entry["width"])
        pixels = self._pixels[start : start + height * width * 3].reshape(height, width, 3)
        return pixels, entry["affine"]

    def __reduce__(self) -> tuple[Any, ...]:
        return _reopen, (self.path, self._digest)


def open_cache(path: Path, digest: bytes) -> CropCache | None:
    """The cache in `path`; None where there is none, a torn one, or one of another digest."""
    try:
        with path.open("rb") as file:
            content = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        magic, found, start, people = _FOOTER.unpack(content[-_FOOTER.size :])
    except (FileNotFoundError, ValueError, struct.error):  # none, empty, shorter than a footer
        return None
    if magic != _MAGIC or found != digest:
        return None
    return CropCache(path, digest, content, np.frombuffer(content, ENTRY, count=people, offset=start))


def _reopen(path: Path, digest: bytes) -> CropCache:
    cache = open_cache(path, digest)
    if cache is None:
        raise DataError(f"{path} must stay as it is while training uses it, but it has changed. Start again.")
    return cache


def footer(digest: bytes, index_offset: int, people: int) -> bytes:
    """The last bytes of a complete file."""
    return _FOOTER.pack(_MAGIC, digest, index_offset, people)


def cache_path(people: People, input_hw: tuple[int, int], augmentation: Augmentation) -> Path:
    """Path of the cache of a split; other input sizes and augmentations have files of their own."""
    name = f"{people.annotation_path.stem}-{input_hw[0]}x{input_hw[1]}-{_reached(augmentation)}.crops"
    return data_folder(people) / FOLDER / name


def data_folder(people: People) -> Path:
    """The data folder: in its annotations/ COCO keeps a file for a split, PoseTrack18 a folder."""
    return people.annotation_path.parent.parent


def cache_digest(people: People, input_hw: tuple[int, int], augmentation: Augmentation) -> bytes:
    """32 bytes that change with anything the cached pixels follow from: people, image files, configuration.

    Image files count by name within the data folder and size, so a copied data folder keeps its cache.
    """
    digest = hashlib.sha256(f"{input_hw} {_reached(augmentation)} {people.skeleton.names}".encode())
    root = data_folder(people)
    sizes: dict[str, str] = {}
    for person in people.people:
        path = person.image_path
        if path not in sizes:
            sizes[path] = f"{os.path.relpath(path, root)} {_size(path)}"
        digest.update(f"{sizes[path]} {person.image_hw} {person.annotation_id} ".encode())
        digest.update(f"{person.box_xywh_px}\n".encode())
        if augmentation.half_body_probability > 0:
            digest.update(person.keypoints.tobytes())
    return digest.digest()


def _reached(augmentation: Augmentation) -> str:
    """Equal for augmentations that reach the same pixels."""
    halves = augmentation.half_body_probability > 0
    reaching = replace(
        augmentation, flip_probability=0.0,
        half_body_probability=float(halves), half_body_upper_probability=0.0,
        half_body_min_joints=augmentation.half_body_min_joints if halves else 0,
    )  # fmt: skip
    return hashlib.sha256(f"{reaching} {DENSITY}".encode()).hexdigest()[:8]


def _size(path: str) -> int:
    try:
        return os.path.getsize(path)
    except OSError:
        return -1

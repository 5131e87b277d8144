"""Builds the packed cache of `crop_cache.py` in several processes, once for all that want it."""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import final

import cv2
import numpy as np

from workers.data.batches.augment import Augmentation
from workers.data.batches.crop_cache import ENTRY, CropCache, cache_digest, cache_path, footer, open_cache
from workers.data.batches.reach import Reach, reach
from workers.data.images import read_image
from workers.data.people import People
from workers.errors import DataError
from workers.processes import Helper, in_turn

Say = Callable[[str], None]
_IMAGES_AT_A_TIME = 16  # that a process decodes before it writes
_SAY_EVERY_S = 10.0
_LEAST_SHARE = 0.02  # of the people, before the size of the whole is extrapolated from them
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_ADVICE = "or train without it (TrainConfig.crop_cache)."


@final
@dataclass(frozen=True, slots=True)
class Wanted:
    """What to cut out of one image: the rows of its people and their reaches."""

    path: str
    stated_hw: tuple[int, int] | None
    rows: tuple[int, ...]
    reaches: tuple[Reach, ...]


def prepare_crop_cache(
    people: People, input_hw: tuple[int, int], augmentation: Augmentation, *,
    processes: int | None = None, say: Say = print,
) -> CropCache:  # fmt: skip
    """The cache that lies in the data folder; a missing, torn or stale one is built anew.

    One caller of all processes and machines that see the folder builds, the others wait for it. Raises
    DataError when the disk is or would become full, when the folder is not writable, or, naming the file,
    when an image cannot be read; nothing half-made stays under the cache's name.
    """
    path = cache_path(people, input_hw, augmentation)
    digest = cache_digest(people, input_hw, augmentation)
    cache = open_cache(path, digest)
    if cache is not None:
        return cache
    try:
        with _alone(path):
            cache = open_cache(path, digest)  # somebody else may have built it meanwhile
            if cache is None:
                wanted = list(_wanted(people, input_hw, augmentation))
                _Build(path, len(people), say).run(wanted, digest, processes or os.cpu_count() or 1)
                cache = open_cache(path, digest)
    except OSError as error:
        raise _refusal(path, error) from error
    if cache is None:
        raise DataError(f"{path} must hold what was just written, but it does not. Check the disk, {_ADVICE}")
    return cache


@final
class Packer:
    """One building process's part: cuts out and keeps one portion, then writes it where it is told."""

    def __init__(self, path: str) -> None:
        cv2.setNumThreads(1)
        self._path = path
        self._pixels: list[np.ndarray] = []

    def pack(self, portion: tuple[Wanted, ...]) -> np.ndarray:
        """The index entries (ENTRY) of the portion's people, offsets counted from its beginning."""
        cut = [piece for wanted in portion for piece in _cut_image(wanted)]
        self._pixels = [pixels for pixels, _ in cut]
        entries = np.empty(len(cut), ENTRY)
        entries["height"], entries["width"] = np.array([pixels.shape[:2] for pixels in self._pixels]).T
        entries["affine"] = [affine for _, affine in cut]
        entries["offset"] = np.cumsum([0, *(pixels.nbytes for pixels in self._pixels)])[:-1]
        return entries

    def write(self, offset: int) -> None:
        try:
            with open(self._path, "r+b") as file:
                file.seek(offset)
                file.writelines(pixels.data for pixels in self._pixels)
        except OSError as error:
            raise _refusal(Path(self._path), error) from error


@final
class _Build:
    """One file being built under another name."""

    def __init__(self, path: Path, people: int, say: Say) -> None:
        self.path, self.part, self.say = path, path.with_name(path.name + ".part"), say
        self.index = np.zeros(people, ENTRY)
        self.done, self.bytes = 0, 0
        self._said_s = time.monotonic()

    def run(self, wanted: list[Wanted], digest: bytes, processes: int) -> None:
        self.say(f"crop cache: decoding {len(self.index)} people into {self.path}")
        try:
            self.part.write_bytes(b"")
            self._pack(wanted, processes)
            self._finish(digest)
        finally:
            self.part.unlink(missing_ok=True)
        self.say(f"crop cache: {len(self.index)} people, {self.bytes / 2**30:.2f} GiB")

    def _pack(self, wanted: list[Wanted], processes: int) -> None:
        starts = range(0, len(wanted), _IMAGES_AT_A_TIME)
        portions = [tuple(wanted[start : start + _IMAGES_AT_A_TIME]) for start in starts]
        helpers = [Helper(Packer, str(self.part)) for _ in range(min(processes, len(portions)))]
        try:
            packed = in_turn(helpers, "pack", ((portion,) for portion in portions))
            with closing(packed):
                for portion, (helper, entries) in zip(portions, packed, strict=True):
                    self._take(portion, entries, helper)
        finally:
            for helper in helpers:
                helper.close()

    def _take(self, portion: tuple[Wanted, ...], entries: np.ndarray, helper: Helper) -> None:
        entries["offset"] += self.bytes
        self.index[[row for wanted in portion for row in wanted.rows]] = entries
        self._check_space(_size(entries), len(entries))
        helper.call("write", self.bytes)
        self.bytes += _size(entries)
        self.done += len(entries)
        if time.monotonic() - self._said_s > _SAY_EVERY_S:
            self._said_s = time.monotonic()
            self.say(f"crop cache: {self.done} of {len(self.index)} people, {self.bytes / 2**30:.2f} GiB")

    def _check_space(self, size: int, people: int) -> None:
        """Refuses early when what has come so far says that the disk will not hold the whole."""
        done, free = self.done + people, shutil.disk_usage(self.path.parent).free
        to_come = size + (self.bytes + size) * (len(self.index) - done) // done
        if done >= _LEAST_SHARE * len(self.index) and to_come > free:
            raise DataError(
                f"the crop cache {self.path} needs about {to_come / 2**30:.2f} GiB more, but the disk has "
                f"{free / 2**30:.2f} GiB left. Free some, {_ADVICE}"
            )

    def _finish(self, digest: bytes) -> None:
        with self.part.open("r+b") as file:
            file.seek(self.bytes)
            file.write(self.index.tobytes() + footer(digest, self.bytes, len(self.index)))
            file.flush()
            os.fsync(file.fileno())
        os.replace(self.part, self.path)


def _wanted(people: People, input_hw: tuple[int, int], augmentation: Augmentation) -> Iterator[Wanted]:
    """Image by image, so that each is decoded once."""
    reach_of = partial(reach, input_hw=input_hw, augmentation=augmentation, skeleton=people.skeleton)
    rows_of_file: dict[str, list[int]] = defaultdict(list)
    for row, person in enumerate(people.people):
        rows_of_file[person.image_path].append(row)
    for path, rows in rows_of_file.items():
        reaches = tuple(reach_of(people.people[row]) for row in rows)
        yield Wanted(path, people.people[rows[0]].image_hw, tuple(rows), reaches)


def _cut_image(wanted: Wanted) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    image = read_image(wanted.path, wanted.stated_hw)
    for part in wanted.reaches:
        yield cut_part(image, part)


def cut_part(image: np.ndarray, part: Reach) -> tuple[np.ndarray, np.ndarray]:
    """The part of an image, made smaller by averaging where it may be, and the affine from image px to it.

    What lies outside the image is left out; it is black in every crop, with or without the cache.
    """
    left, top = max(0, part.left), max(0, part.top)
    pixels = image[top : max(top + 1, part.bottom), left : max(left + 1, part.right)]
    height, width = pixels.shape[:2]
    if part.scale < 1:
        size = max(1, round(width * part.scale)), max(1, round(height * part.scale))
        pixels = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    scale = np.array([pixels.shape[1] / width, pixels.shape[0] / height])
    shift = (0.5 - np.array([left, top])) * scale - 0.5  # pixels' edges stay in place, not their centres
    return np.ascontiguousarray(pixels), np.column_stack([np.diag(scale), shift])


def _size(entries: np.ndarray) -> int:
    return int(3 * (entries["height"].astype(np.int64) * entries["width"]).sum())


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Waits for its turn among all that want to build; a builder that dies frees it."""
    path.parent.mkdir(exist_ok=True)
    with path.with_name(path.name + ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _refusal(path: Path, error: OSError) -> DataError:
    if error.errno in _FULL:
        return DataError(f"the crop cache {path} cannot grow: {error.strerror}. Free some space, {_ADVICE}")
    return DataError(f"the crop cache {path} cannot be written: {error.strerror}. Mend that, {_ADVICE}")

"""The images that a file lists: ids, names and sizes."""

# Shapes: I images, N annotations.
from __future__ import annotations

from dataclasses import dataclass
from typing import final

import numpy as np

from workers.data.annotations.opening import REPAIR, Json, Source
from workers.data.annotations.records import BEYOND_PX, Records, listed
from workers.data.annotations.values import numbers
from workers.errors import DataError

AGAIN = "images that are listed again by the same name, read once"


@final
@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Pictures:
    """The images of one file, in its order; those that share an id with another are none of them."""

    records: Records
    ids: np.ndarray  # (I,) int64, no two alike
    sizes_hw: np.ndarray  # (I, 2) int64 px; 0 where the file does not say
    shared_ids: np.ndarray  # int64: ids that two images have, so that nobody knows which is meant

    def __len__(self) -> int:
        return len(self.ids)

    def rows_of(self, ids: np.ndarray) -> np.ndarray:
        """(N,) int64: the row of each image id (N,); -1 for one that is not listed."""
        if not len(self.ids):
            return np.full(len(ids), -1)
        order = self.ids.argsort()
        places = np.searchsorted(self.ids, ids, sorter=order).clip(max=len(order) - 1)
        rows = order[places]
        return np.where(self.ids[rows] == ids, rows, -1)

    def names(self, rows: np.ndarray) -> list[str]:
        """The `file_name` of each row (N,). Raises DataError, by the image's id, where it is no such text."""
        return self.records.take(rows).texts("file_name", _is_name)

    def sized(self, rows: np.ndarray) -> np.ndarray:
        """(N, 2) height and width of each row (N,). Raises DataError, by the id, where an image has none."""
        sizes: np.ndarray = self.sizes_hw[rows]
        for column, key in enumerate(("height", "width")):
            some = self.records.take(rows)
            some.refuse_first(sizes[:, column] == 0, f"{{record}} has no {key!r}")
        return sizes


def read_pictures(place: Source, content: Json, repair: str = REPAIR) -> Pictures:
    """Raises DataError, by the image's id, where a field is not what it must be."""
    records = listed(place, content, "images", "image", repair)
    ids = records.whole("id")
    sizes = np.column_stack([_side(records, key) for key in ("height", "width")])
    rows, shared_ids = _distinct(records, ids, sizes)
    return Pictures(records=records.take(rows), ids=ids[rows], sizes_hw=sizes[rows], shared_ids=shared_ids)


def read_own_pictures(place: Source, content: Json, repair: str = REPAIR) -> Pictures:
    """`read_pictures` where no image may be left out. Raises DataError where two have one id."""
    pictures = read_pictures(place, content, repair)
    if len(pictures.shared_ids):
        raise DataError(
            f"{place}: image {pictures.shared_ids[0]} is there twice: each must have its own 'id'. {repair}"
        )
    return pictures


def _distinct(records: Records, ids: np.ndarray, sizes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The rows of images with an id of their own, one of each; and the ids that different images have."""
    _, firsts, whose = np.unique(ids, return_index=True, return_inverse=True)
    if len(firsts) == len(ids):
        return np.arange(len(ids)), ids[:0]
    names, alike = records.column("file_name"), firsts[whose]
    unlike = (sizes != sizes[alike]).any(axis=1)
    unlike |= [name != names[first] for name, first in zip(names, alike.tolist(), strict=True)]
    shared_ids = np.unique(ids[unlike])
    kept = np.sort(firsts[~np.isin(ids[firsts], shared_ids)])
    again = len(ids) - len(kept) - int(np.isin(ids, shared_ids).sum())
    if again:
        records.notes[AGAIN] += again
    return kept, shared_ids


def _side(records: Records, key: str) -> np.ndarray:
    values = records.column(key)
    missing = np.array([value is None for value in values], bool)
    found, right = numbers(values)
    whole = right & (found >= 1) & (found < BEYOND_PX) & (np.rint(found) == found)
    records.refuse_first(~(whole | missing), f"{key!r} of {{record}} must be a whole number of pixels", key)
    return np.where(missing, 0, np.where(whole, found, 0)).astype(np.int64)


def _is_name(text: str) -> bool:
    """Whether it is one that a file has: not empty, without control characters."""
    return bool(text) and min(text) >= " "

"""The images that a file lists: ids, names and sizes."""

# Shapes: I images, N annotations.
from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from workers.data.annotations.opening import REPAIR, Json, Place
from workers.data.annotations.records import BEYOND_PX, Records, listed
from workers.data.annotations.values import numbers


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Pictures:
    """The images of one file, in its order."""

    records: Records
    ids: np.ndarray  # (I,) int64, no two alike
    sizes_hw: np.ndarray  # (I, 2) int64 px; 0 where the file does not say

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


def read_pictures(place: Place, content: Json, repair: str = REPAIR) -> Pictures:
    """Raises DataError, by the image's id, where two have one id or a field is not what it must be."""
    records = listed(place, content, "images", "image", repair)
    ids = records.unique("id")
    sizes = np.column_stack([_side(records, key) for key in ("height", "width")])
    return Pictures(records=records, ids=ids, sizes_hw=sizes)


def _side(records: Records, key: str) -> np.ndarray:
    values = records.column(key)
    missing = np.array([value is None for value in values], bool)
    found, right = numbers(values)
    whole = right & (found >= 1) & (found < BEYOND_PX) & (found % 1 == 0)
    records.refuse_first(~(whole | missing), f"{key!r} of {{record}} must be a whole number of pixels", key)
    return np.where(missing, 0, np.where(whole, found, 0)).astype(np.int64)


def _is_name(text: str) -> bool:
    """Whether a file can have the name."""
    return bool(text) and "\0" not in text

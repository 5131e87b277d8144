"""Crops cut out once by parallel Ray tasks, kept as bytes in the object store in chunks of bounded size."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import accumulate, pairwise
from typing import Any, final

import numpy as np
import ray
from ray.exceptions import RayTaskError

from workers.data.people import People
from workers.evaluation.coco.oks_nms import crop_areas
from workers.evaluation.crops import ValidationCrops, affines_of, crops_of, cut_out
from workers.threads import call_on


@final
class SharedImages:
    """`Images` in chunks that a process maps one at a time; Ray spills those that the memory cannot hold.

    Their tasks run again where a node is lost with its chunks.
    """

    def __init__(self, chunks: Sequence[Any], counts: Sequence[int]) -> None:
        self.chunks = list(chunks)  # object references of (n, H, W, 3) uint8
        self.starts = [0, *accumulate(counts)]
        self._held: tuple[int, np.ndarray] | None = None

    def __len__(self) -> int:
        return self.starts[-1]

    def __getitem__(self, rows: slice, /) -> np.ndarray:
        start, stop, _ = rows.indices(len(self))
        parts = [self._part(start, stop, chunk) for chunk in self._chunks(start, stop)]
        return parts[0] if len(parts) == 1 else np.concatenate(parts)

    def __reduce__(self) -> tuple[Any, ...]:
        return SharedImages, (self.chunks, [stop - start for start, stop in pairwise(self.starts)])

    def _chunks(self, start: int, stop: int) -> range:
        first = min(bisect_right(self.starts, start) - 1, len(self.chunks) - 1)
        return range(first, max(first + 1, bisect_right(self.starts, stop - 1)))

    def _part(self, start: int, stop: int, chunk: int) -> np.ndarray:
        before = self.starts[chunk]
        return self._fetched(chunk)[max(0, start - before) : max(0, stop - before)]

    def _fetched(self, chunk: int) -> np.ndarray:
        if self._held is None or self._held[0] != chunk:
            self._held = None  # the store may need its place
            self._held = (chunk, ray.get(self.chunks[chunk]))
            if chunk + 1 < len(self.chunks):  # comes while this one is worked on
                ray.wait([self.chunks[chunk + 1]], timeout=0, fetch_local=True)
        return self._held[1]


def share_crops(
    people: People, input_hw: tuple[int, int], chunk_bytes: int, box_scores: np.ndarray | None = None
) -> ValidationCrops:
    """The crops of `prepare_crops` in chunks, each image's people in one; no larger unless one image is.

    Raises DataError when there is nobody, or, naming the file, when an image cannot be read.
    """
    affines, room = affines_of(people, input_hw), max(1, chunk_bytes // (input_hw[0] * input_hw[1] * 3))
    rows = list(_chunk_rows([person.image_path for person in people.people], room))
    cut = [_cut_out.remote(_some(people, part), affines[part], input_hw) for part in rows]
    chunks, counts = zip(*cut, strict=True)
    order = np.concatenate(rows)
    images = SharedImages(chunks, _counted(counts))
    scores = None if box_scores is None else box_scores[order]
    crops = crops_of(_some(people, order), affines[order], images, scores)
    return crops if scores is None else replace(crops, areas_px2=crop_areas(crops.affines, input_hw))


def _chunk_rows(image_paths: Sequence[str], room: int) -> Iterator[np.ndarray]:
    """Row numbers of each chunk: whole images, in the order in which they first appear."""
    rows_of: dict[str, list[int]] = {}
    for row, path in enumerate(image_paths):
        rows_of.setdefault(path, []).append(row)
    chunk: list[int] = []
    for rows in rows_of.values():
        if chunk and len(chunk) + len(rows) > room:
            yield np.array(chunk)
            chunk = []
        chunk += rows
    yield np.array(chunk)


def _some(people: People, rows: np.ndarray) -> People:
    return replace(people, people=tuple(people.people[row] for row in rows))


@ray.remote(num_returns=2)
def _cut_out(people: People, affines: np.ndarray, input_hw: tuple[int, int]) -> tuple[np.ndarray, int]:
    """The chunk and its length, which the driver can ask for without the chunk."""
    return call_on(1, cut_out, people, affines, input_hw, 1), len(people)


def _counted(counts: Sequence[Any]) -> list[int]:
    """Waits for all; raises the first error of a task as it was, without Ray's own."""
    try:
        return list(ray.get(list(counts)))
    except RayTaskError as error:
        raise error.cause from None

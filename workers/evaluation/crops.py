"""Every validation person cut out once, as plain arrays that Ray's object store shares without copies."""

# Shapes: N people, H/W input pixels.
from __future__ import annotations

from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any, Protocol, final, runtime_checkable

import numpy as np

from workers.data.crop import crop, crop_affine
from workers.data.images import read_image
from workers.data.people import People
from workers.errors import DataError


@runtime_checkable
class Images(Protocol):
    """Rows of uint8 crops (N, H, W, 3): an array, or chunks that are fetched when a slice is asked for."""

    def __len__(self) -> int: ...

    def __getitem__(self, rows: slice, /) -> np.ndarray: ...


@final
@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ValidationCrops:
    """The crops of one evaluation; nothing writes to the arrays, so they may be read-only."""

    images: Any  # Images (N, H, W, 3) uint8, RGB: in most places a plain array
    affines: np.ndarray  # (N, 2, 3) float64, image px to input px
    image_ids: np.ndarray  # (N,) int64
    annotation_ids: np.ndarray  # (N,) int64
    box_scores: np.ndarray  # (N,) float64; 1 for labelled boxes
    areas_px2: np.ndarray | None = None  # (N,) that the crops show; known of detected boxes

    def __len__(self) -> int:
        return len(self.affines)

    def first(self, count: int) -> ValidationCrops:
        """The first `count` people, without their images: what a scorer needs."""
        return replace(
            self,
            images=np.empty((0,)),
            affines=self.affines[:count],
            image_ids=self.image_ids[:count],
            annotation_ids=self.annotation_ids[:count],
            box_scores=self.box_scores[:count],
            areas_px2=None if self.areas_px2 is None else self.areas_px2[:count],
        )


def prepare_crops(
    people: People, input_hw: tuple[int, int], box_scores: np.ndarray | None = None
) -> ValidationCrops:
    """Cuts out everybody, in the order of `people`, decoding each image file once.

    `box_scores` (N,) are a detector's; 1 without them.
    Raises DataError when there is nobody, or, naming the file, when an image cannot be read.
    """
    affines = affines_of(people, input_hw)
    return crops_of(people, affines, cut_out(people, affines, input_hw), box_scores)


def affines_of(people: People, input_hw: tuple[int, int]) -> np.ndarray:
    """(N, 2, 3) float64, image px to input px. Raises DataError when there is nobody."""
    if not people.people:
        raise DataError(f"nobody to evaluate: {people.summary}. Use a split with labelled people.")
    return np.stack([crop_affine(person.box_xywh_px, input_hw) for person in people.people])


def crops_of(
    people: People, affines: np.ndarray, images: Images, box_scores: np.ndarray | None = None
) -> ValidationCrops:
    """The people's table beside their images."""
    return ValidationCrops(
        images=images,
        affines=affines,
        image_ids=np.array([person.image_id for person in people.people]),
        annotation_ids=np.array([person.annotation_id for person in people.people]),
        box_scores=np.ones(len(people.people)) if box_scores is None else box_scores,
    )


def cut_out(
    people: People, affines: np.ndarray, input_hw: tuple[int, int], threads: int | None = None
) -> np.ndarray:
    """(N, H, W, 3) uint8, each image file decoded once. Raises DataError, naming a file it cannot read."""
    images = np.empty((len(affines), *input_hw, 3), dtype=np.uint8)
    rows_of_file: dict[str, list[int]] = defaultdict(list)
    for row, person in enumerate(people.people):
        rows_of_file[person.image_path].append(row)

    def cut_file(path: str) -> None:
        rows = rows_of_file[path]
        image = read_image(path, people.people[rows[0]].image_hw)
        for row in rows:
            images[row] = crop(image, affines[row], input_hw)

    with ThreadPoolExecutor(threads) as pool:
        for _ in pool.map(cut_file, rows_of_file):  # iterated so that the first error is raised here
            pass
    return images

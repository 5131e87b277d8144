"""Boxes that a detector found, in COCO's result format, in the place of the labelled ones.

The file is a list of objects with image_id, bbox (x, y, width, height in px) and score.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from typing import final

import numpy as np

from workers.data.annotations.records import Records
from workers.data.annotations.results import read_results
from workers.data.people import Box, Person
from workers.errors import DataError

UNDETECTED = "not detected"
_LIKE = "Write it as COCO's results: a list of {image_id, bbox, score}."


@final
@dataclass(frozen=True, slots=True, eq=False)
class Detections:
    """The boxes of each image that score enough."""

    boxes_of_image: dict[int, np.ndarray]  # image id -> (D, 4) xywh px
    min_overlap: float = 0.5  # intersection over union that makes a detection a labelled person's

    def boxes_for(self, people: tuple[Person, ...]) -> tuple[tuple[Person, ...], Counter[str]]:
        """The detected people with their detection's box, and how many are not detected.

        In each image the pair that overlaps most is matched first, each box and person once. Detections of
        nobody who is labelled have no track, so they are not used; areas stay those of the labels.
        """
        found: list[Person] = []
        for image_id, group in groupby(people, key=lambda person: person.image_id):
            labelled = list(group)
            boxes = self.boxes_of_image.get(image_id, np.empty((0, 4)))
            found += [replace(labelled[row], box_xywh_px=box) for row, box in self._match(labelled, boxes)]
        undetected = len(people) - len(found)
        return tuple(found), Counter({UNDETECTED: undetected} if undetected else {})

    def _match(self, people: list[Person], boxes: np.ndarray) -> list[tuple[int, Box]]:
        overlap = overlaps(np.array([person.box_xywh_px for person in people]), boxes)
        matched: list[tuple[int, Box]] = []
        for _ in range(min(overlap.shape)):
            row, column = np.unravel_index(overlap.argmax(), overlap.shape)
            if overlap[row, column] < self.min_overlap:
                break
            x, y, width, height = boxes[column].tolist()
            matched.append((int(row), (x, y, width, height)))
            overlap[row], overlap[:, column] = -1.0, -1.0
        return sorted(matched)


def read_detections(path: Path, min_score: float = 0.0, min_overlap: float = 0.5) -> Detections:
    """The detections that score `min_score` or more. Raises DataError, naming the file, where it has none."""
    records = read_results(path, _LIKE)
    image_ids, scores = records.whole("image_id"), records.finite("score")
    boxes = result_boxes(records)
    used = (scores >= min_score) & (boxes[:, 2:] >= 1).all(axis=1)
    if not used.any():
        raise DataError(f"{path} has no detection with a score of at least {min_score}. Lower it, or {_LIKE}")
    of_image = {number: boxes[used & (image_ids == number)] for number in np.unique(image_ids[used]).tolist()}
    return Detections(of_image, min_overlap)


def result_boxes(records: Records) -> np.ndarray:
    """(N, 4) float64 xywh px of records that must all have a box. Raises DataError."""
    boxes, there = records.finite_rows("bbox", 4)
    records.refuse_first(~there, "{record} has no 'bbox'")
    return boxes


def overlaps(boxes: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Intersection over union of xywh boxes (N, 4) and (M, 4) -> (N, M)."""
    low = np.maximum(boxes[:, None, :2], others[None, :, :2])
    high = np.minimum((boxes[:, :2] + boxes[:, 2:])[:, None], (others[:, :2] + others[:, 2:])[None])
    shared = np.clip(high - low, 0, None).prod(axis=-1)
    union = boxes[:, 2:].prod(axis=-1)[:, None] + others[:, 2:].prod(axis=-1)[None] - shared
    result: np.ndarray = shared / union
    return result

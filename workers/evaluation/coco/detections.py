"""People as a detector found them: boxes and scores from a file in COCO's format of results."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from workers.data.coco import AnnotationReader, load_json, locate
from workers.data.images import Flaw
from workers.data.people import People, Person
from workers.errors import DataError

_LAYOUT = "It holds a list of {image_id, category_id, bbox [x, y, width, height] in px, score}."


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Detected:
    """Boxes to look into; who is in them is not known."""

    people: People
    scores: np.ndarray  # (N,) float64
    image_ids: tuple[int, ...]  # of the whole split, those without a detection too


def read_detections(path: Path, root: Path, split: str) -> Detected:
    """The boxes of people on the split's images, in the file's order.

    Left out, and counted: detections of other categories, on other images, with boxes below one pixel.
    Raises DataError, naming the file, when it is not such a list or nobody is left.
    """
    folder, annotation_path = locate(root, split)
    truth = AnnotationReader(folder, annotation_path, load_json(annotation_path), root)
    skipped: Counter[str] = Counter()
    people, scores = [], []
    for number, record in enumerate(_records(path)):
        reason = _flaw(record, truth)
        if reason:
            skipped[reason] += 1
            continue
        people.append(_person(record, number, truth))
        scores.append(float(record["score"]))
    if not people:
        raise DataError(f"{path} has no person on the images of {annotation_path}. {_LAYOUT}")
    found = People(
        people=tuple(people), skipped=dict(skipped), skeleton=truth.skeleton, annotation_path=annotation_path
    )
    return Detected(people=found, scores=np.array(scores), image_ids=tuple(truth.images))


def _records(path: Path) -> list[Mapping[str, Any]]:
    try:
        records = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise DataError(f"cannot read {path}: {error}. {_LAYOUT}") from error
    needed = {"image_id", "category_id", "bbox", "score"}
    if not isinstance(records, list) or any(not needed <= set(record) for record in records):
        raise DataError(f"{path} is no file of detections. {_LAYOUT}")
    return records


def _flaw(record: Mapping[str, Any], truth: AnnotationReader) -> str:
    if record["category_id"] != truth.category_id:
        return "of another category"
    if record["image_id"] not in truth.images:
        return "of an image that is not listed"
    if truth.outside(truth.images[record["image_id"]]):
        return Flaw.OUTSIDE
    return "box below one pixel" if min(record["bbox"][2:]) < 1 else ""


def _person(record: Mapping[str, Any], number: int, truth: AnnotationReader) -> Person:
    x, y, width, height = map(float, record["bbox"])
    image = truth.images[record["image_id"]]
    return Person(
        image_path=truth.image_path(image), image_id=record["image_id"], image_hw=truth.size_hw(image),
        annotation_id=number, box_xywh_px=(x, y, width, height),
        keypoints=np.zeros((truth.skeleton.keypoints, 3), np.float32), area_px2=width * height,
    )  # fmt: skip

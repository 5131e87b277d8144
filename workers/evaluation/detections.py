"""People as a detector found them: boxes and scores from a file in COCO's format of results."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from workers.data.coco import load_json
from workers.data.people import People, Person
from workers.data.skeleton import Skeleton
from workers.errors import DataError

_LAYOUT = "It holds a list of {image_id, category_id, bbox [x, y, width, height] in px, score}."


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Detected:
    """Boxes to look into; who is in them is not known."""

    people: People
    scores: np.ndarray  # (N,) float64


def read_detections(path: Path, annotation_path: Path, images: Path, skeleton: Skeleton) -> Detected:
    """The boxes of people on the images that the annotation file names, in the file's order.

    Detections of other categories, on other images or below one pixel are left out, and counted.
    Raises DataError, naming the file, when it is not such a list or nobody is left.
    """
    truth = load_json(annotation_path)
    names = {image["id"]: image["file_name"] for image in truth["images"]}
    category_id = truth["categories"][0]["id"]
    skipped = {"of other categories": 0, "on other images": 0, "below one pixel": 0}
    people, scores = [], []
    for number, record in enumerate(_records(path)):
        reason = _flaw(record, names, category_id)
        if reason:
            skipped[reason] += 1
            continue
        people.append(_person(record, number, images / names[record["image_id"]], skeleton))
        scores.append(float(record["score"]))
    if not people:
        raise DataError(f"{path} has no person on the images of {annotation_path}. {_LAYOUT}")
    counted = {reason: count for reason, count in skipped.items() if count}
    found = People(people=tuple(people), skipped=counted, skeleton=skeleton, annotation_path=path)
    return Detected(people=found, scores=np.array(scores))


def _records(path: Path) -> list[Mapping[str, Any]]:
    records: Any = load_json(path)
    needed = {"image_id", "category_id", "bbox", "score"}
    if not isinstance(records, list) or any(not needed <= set(record) for record in records):
        raise DataError(f"{path} is no file of detections. {_LAYOUT}")
    return records


def _flaw(record: Mapping[str, Any], names: Mapping[int, str], category_id: int) -> str:
    if record["category_id"] != category_id:
        return "of other categories"
    if record["image_id"] not in names:
        return "on other images"
    return "below one pixel" if min(record["bbox"][2:]) < 1 else ""


def _person(record: Mapping[str, Any], number: int, image: Path, skeleton: Skeleton) -> Person:
    x, y, width, height = map(float, record["bbox"])
    return Person(
        image_path=str(image), image_id=record["image_id"], annotation_id=number,
        box_xywh_px=(x, y, width, height), keypoints=np.zeros((skeleton.keypoints, 3), np.float32),
        area_px2=width * height,
    )  # fmt: skip

"""People as a detector found them: boxes and scores from a file in COCO's format of results."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import final

import numpy as np

from workers.data.annotations.areas import BOX_SHARE
from workers.data.annotations.results import read_results
from workers.data.annotations.table import (
    OTHER_CATEGORY,
    SHARED_ID,
    UNLISTED_IMAGE,
    Annotations,
    read_annotations,
    remaining,
)
from workers.data.coco import SMALL, locate, outside
from workers.data.detections import result_boxes
from workers.data.images import Flaw
from workers.data.people import People, Person
from workers.data.pictures.files import Fence
from workers.errors import DataError

_LAYOUT = "It holds a list of {image_id, category_id, bbox [x, y, width, height] in px, score}."


@final
@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Detected:
    """Boxes to look into; who is in them is not known."""

    people: People
    scores: np.ndarray  # (N,) float64
    category_ids: np.ndarray  # (N,) int64
    image_ids: tuple[int, ...]  # of the whole split, those without a detection too


def read_detected_people(path: Path, root: Path, split: str) -> Detected:
    """The boxes of people on the split's images, in the file's order.

    Left out, and counted: detections of other categories, on other images, with boxes below one pixel, and
    those whose image file would lie outside root. Raises DataError, naming the file, when it is not such a
    list, a number is not finite, or nobody is left.
    """
    folder, annotation_path = locate(root, split)
    truth = read_annotations(annotation_path)
    records = read_results(path, _LAYOUT)
    image_ids, category_ids = records.whole("image_id"), records.whole("category_id")
    scores, boxes = records.finite("score"), result_boxes(records)
    pictures = truth.pictures.rows_of(image_ids)
    used, skipped = remaining(np.arange(len(records)), {
        OTHER_CATEGORY: ~np.isin(category_ids, [category.id for category in truth.categories]),
        SHARED_ID: np.isin(image_ids, truth.pictures.shared_ids),
        UNLISTED_IMAGE: pictures < 0,
        SMALL: (boxes[:, 2:] < 1).any(axis=1),
    })  # fmt: skip
    paths = [str(folder / name) for name in truth.pictures.names(pictures[used])]
    kept, lost = remaining(np.arange(len(used)), {Flaw.OUTSIDE: outside(paths, Fence(folder, root))})
    used, paths = used[kept], [paths[row] for row in kept.tolist()]
    if not len(used):
        raise DataError(f"{path} has no person on the images of {annotation_path}. {_LAYOUT}")
    found = People(
        people=tuple(_people(truth, paths, used, pictures[used], boxes[used])),
        skipped=dict(skipped + lost),
        skeleton=truth.skeleton, annotation_path=annotation_path, notes=records.notes,
    )  # fmt: skip
    return Detected(
        people=found, scores=scores[used], category_ids=category_ids[used],
        image_ids=tuple(truth.pictures.ids.tolist()),
    )  # fmt: skip


def _people(
    truth: Annotations, paths: list[str], numbers: np.ndarray, pictures: np.ndarray, boxes: np.ndarray
) -> list[Person]:
    table = zip(
        paths, truth.pictures.ids[pictures].tolist(), numbers.tolist(), boxes.tolist(),
        truth.pictures.sized(pictures).tolist(), strict=True,
    )  # fmt: skip
    nothing = np.zeros((truth.skeleton.keypoints, 3), np.float32)
    return [
        Person(
            image_path=path, image_id=image_id, annotation_id=number, image_hw=(rows, columns),
            box_xywh_px=(x, y, width, height), keypoints=nothing, area_px2=BOX_SHARE * width * height,
        )
        for path, image_id, number, (x, y, width, height), (rows, columns) in table
    ]  # fmt: skip

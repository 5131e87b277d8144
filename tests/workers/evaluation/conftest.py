"""A tiny COCO folder: four people on three images, a crowd and a person without labelled joints."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from workers.data.coco import read_people
from workers.data.people import People
from workers.data.skeleton import COCO17

# (annotation id, image id, box xywh px); id 0 is one that COCOeval itself would take for "no match".
_PEOPLE = (
    (0, 7, (20, 10, 60, 100)),
    (5, 7, (100, 30, 50, 80)),
    (3, 2, (30, 20, 90, 90)),
    (9, 4, (5, 5, 70, 105)),
)


def _person(number: int, image_id: int, box: tuple[int, int, int, int]) -> dict[str, Any]:
    rng = np.random.default_rng(number)
    x, y, width, height = box
    joints = np.column_stack([x + rng.random(17) * width, y + rng.random(17) * height, np.full(17, 2)])
    return {
        "id": number,
        "image_id": image_id,
        "category_id": 1,
        "iscrowd": 0,
        "bbox": list(box),
        "area": 0.5 * width * height,
        "num_keypoints": 17,
        "keypoints": joints.ravel().round(2).tolist(),
    }


@pytest.fixture
def records() -> list[dict[str, Any]]:
    """COCO annotation records: four people, then a crowd and an unlabelled person on image 4."""
    unlabelled = {**_person(11, 4, (90, 10, 40, 60)), "num_keypoints": 0, "keypoints": [0] * 51}
    crowd = {**unlabelled, "id": 12, "iscrowd": 1, "bbox": [80, 70, 70, 40]}
    return [*(_person(*person) for person in _PEOPLE), crowd, unlabelled]


@pytest.fixture
def people(tmp_path: Path, records: list[dict[str, Any]]) -> People:
    """The four people, read from a folder in COCO's layout with three textured images of 160x120."""
    rng = np.random.default_rng(0)
    (tmp_path / "val2017").mkdir()
    (tmp_path / "annotations").mkdir()
    images = [{"id": i, "file_name": f"{i}.png", "height": 120, "width": 160} for i in (7, 2, 4)]
    for image in images:
        texture = cv2.resize(rng.integers(0, 256, size=(12, 16, 3), dtype=np.uint8), (160, 120))
        cv2.imwrite(str(tmp_path / "val2017" / f"{image['id']}.png"), texture)
    content = {
        "images": images,
        "annotations": records,
        "categories": [{"id": 1, "name": "person", "keypoints": list(COCO17.names), "skeleton": []}],
    }
    (tmp_path / "annotations" / "person_keypoints_val2017.json").write_text(json.dumps(content))
    return read_people(tmp_path, "val2017")

"""A small data folder in COCO's layout, written anew for each test."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from workers.data.coco import annotation_file
from workers.data.skeleton import COCO17

Edit = Callable[[dict[str, Any]], None]
HEIGHT, WIDTH = 120, 160


@pytest.fixture
def write_coco(tmp_path: Path) -> Callable[..., Path]:
    """Writes val2017 with `people` images of one person each, after `edit` has changed the annotations."""

    def write(edit: Edit | None = None, people: int = 3) -> Path:
        content = _content(people)
        (tmp_path / "val2017").mkdir(exist_ok=True)
        for image in content["images"]:
            path = tmp_path / "val2017" / image["file_name"]
            rng = np.random.default_rng(image["id"])
            noise = rng.integers(0, 256, (HEIGHT // 8, WIDTH // 8, 3), np.uint8)
            assert cv2.imwrite(str(path), cv2.resize(noise, (WIDTH, HEIGHT)))
        if edit is not None:
            edit(content)
        path = annotation_file(tmp_path, "val2017")
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(content))
        return tmp_path

    return write


def _content(people: int) -> dict[str, Any]:
    rng = np.random.default_rng(0)
    annotation = {
        "id": 1,
        "image_id": 1,
        "category_id": 1,
        "iscrowd": 0,
        "bbox": [40.0, 20.0, 60.0, 80.0],
        "area": 2400.0,
        "num_keypoints": 17,
    }
    annotations = []
    for i in range(1, people + 1):
        points = rng.uniform((42, 22), (98, 98), (17, 2)).round()
        keypoints = np.column_stack([points, np.full(17, 2)]).astype(int).ravel().tolist()
        annotations.append({**copy.deepcopy(annotation), "id": i, "image_id": i, "keypoints": keypoints})
    return {
        "images": [
            {"id": i, "file_name": f"{i:012d}.jpg", "height": HEIGHT, "width": WIDTH}
            for i in range(1, people + 1)
        ],
        "annotations": annotations,
        "categories": [{"id": 1, "name": "person", "keypoints": list(COCO17.names), "skeleton": [[1, 2]]}],
    }

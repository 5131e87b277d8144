"""Annotation records as the reader gives them, without a file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from workers.data.annotations.table import Annotations, read_annotations
from workers.data.skeleton import Skeleton

Json = dict[str, Any]


def checked(records: Sequence[Json], skeleton: Skeleton) -> Annotations:
    """COCO's annotation records, whose images are those that they name and whose one category is 1."""
    images = [{"id": number} for number in sorted({record["image_id"] for record in records})]
    category = {"id": 1, "name": "person", "keypoints": list(skeleton.names)}
    content = {"images": images, "annotations": list(records), "categories": [category]}
    return read_annotations(Path("none.json"), content)

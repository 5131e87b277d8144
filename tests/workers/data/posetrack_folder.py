"""Writes small folders in PoseTrack18's layout, without images."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from workers.data.skeleton import POSETRACK17

WIDTH, HEIGHT = 320, 240
Json = dict[str, Any]


def person(image_id: int, track_id: int, x: float = 100.0, y: float = 100.0) -> Json:
    """An annotation whose joint j lies at (x + j, y + 2 j), with a head box of 30 x 40 px."""
    joints = np.array([(x + j, y + 2 * j, 1) for j in range(17)])
    return {
        "id": 100 * image_id + track_id, "image_id": image_id, "track_id": track_id, "category_id": 1,
        "keypoints": joints.ravel().tolist(), "bbox": [x - 5, y - 5, 30, 50], "bbox_head": [x, y, 30, 40],
        "scores": [],
    }  # fmt: skip


def video(frames: Mapping[int, tuple[int, ...]], name: str = "000001_test", first_id: int = 1000) -> Json:
    """A sequence of labelled frames: number -> the tracks in it, person n standing at x = 20 + 60 n."""
    images = [
        {"id": first_id + frame, "file_name": f"images/val/{name}/{frame:06d}.jpg", "is_labeled": True,
         "width": WIDTH, "height": HEIGHT}
        for frame in frames
    ]  # fmt: skip
    people = [person(first_id + frame, track, x=20.0 + 60 * track) for frame, tracks in frames.items()
              for track in tracks]  # fmt: skip
    categories = [{"id": 1, "name": "person", "keypoints": list(POSETRACK17.names)}]
    return {"images": images, "annotations": people, "categories": categories}


def write(root: Path, content: Json, name: str = "000001_test") -> Path:
    """The root, with the sequence in its split val."""
    path = root / "annotations" / "val" / f"{name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))
    return root

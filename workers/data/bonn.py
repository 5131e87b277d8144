"""Turns a clip of the Bonn multi-person pose tracking data into PoseTrack18's layout, which all else reads.

source/annotations.json     images (with frame and vid_id), annotations (with track_id and bbox_head);
                            14 of MPII's joints: no nose, upper_neck is PoseTrack18's head_bottom
source/frames/*.jpg         the files' names in the annotations are relative to source
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from workers.data.coco import Json, load_json
from workers.data.pictures.files import Fence
from workers.data.posetrack_layout import category, widened_box
from workers.data.skeleton import POSETRACK17
from workers.errors import DataError
from workers.files import link_or_copy, whole_file

_OTHER_NAMES = {"head_bottom": "upper_neck"}


def write_bonn_as_posetrack(source: Path, root: Path, train_frames: int = 0) -> dict[str, int]:
    """Writes the layout into `root` and returns how many frames each split has; images are linked.

    The first `train_frames` frames become the split train, the others val: the same people in the same
    video, so a figure on val says that things run, not how well they would on another video. Raises
    DataError, naming the file, where `source` is no such clip or has no frame left for val.
    """
    path = source / "annotations.json"
    content = load_json(path)
    try:
        images = sorted(content["images"], key=lambda image: int(image["frame"]))
        if not 0 <= train_frames < len(images):
            raise DataError(
                f"train_frames must leave a frame for val, but of {len(images)} it asks for "
                f"{train_frames}. Ask for fewer."
            )
        parts = {"train": images[:train_frames], "val": images[train_frames:]}
        documents = {split: _document(content, part, split) for split, part in parts.items() if part}
    except (KeyError, IndexError, TypeError, ValueError) as error:
        raise DataError(
            f"{path} must be a clip of the Bonn data, but: {error!r}. It needs images, "
            "annotations and categories, with frame, vid_id, track_id and bbox_head."
        ) from error
    for split, document in documents.items():
        for image, of_source in zip(document["images"], parts[split], strict=True):
            _check_inside(source, of_source["file_name"])
            _place(source / of_source["file_name"], root / image["file_name"])
        with whole_file(root / "annotations" / split / f"{_name(images)}.json") as draft:
            draft.write_text(json.dumps(document, separators=(",", ":")), encoding="utf-8")
    return {split: len(part) for split, part in parts.items()}


def _document(content: Json, images: Sequence[Json], split: str) -> Json:
    names = content["categories"][0]["keypoints"]
    wanted = [_OTHER_NAMES.get(name, name) for name in POSETRACK17.names]
    order = [names.index(name) if name in names else -1 for name in wanted]
    if sum(place >= 0 for place in order) != len(names):
        raise ValueError(f"its joints are {', '.join(names)}")
    ids = {image["id"] for image in images}
    folder = f"images/{split}/{_name(images)}"
    return {
        "images": [_image(image, folder, len(images)) for image in images],
        "annotations": [_annotation(record, order) for record in content["annotations"]
                        if record["image_id"] in ids],
        "categories": [category(POSETRACK17)],
    }  # fmt: skip


def _image(image: Json, folder: str, frames: int) -> Json:
    return {
        "id": image["id"], "frame_id": image["id"], "file_name": f"{folder}/{int(image['frame']):06d}.jpg",
        "vid_id": image["vid_id"], "nframes": frames, "is_labeled": True, "width": image["width"],
        "height": image["height"], "ignore_regions_x": [], "ignore_regions_y": [],
    }  # fmt: skip


def _annotation(record: Json, order: Sequence[int]) -> Json:
    """Joints in PoseTrack18's order, labelled with 1; those that the clip does not label are 0, 0, 0."""
    joints = np.vstack([np.reshape(record["keypoints"], (-1, 3)), np.zeros(3)])[list(order)]
    joints[joints[:, 2] == 0] = 0.0  # where the evaluation finds a place it takes it for a joint
    joints[:, 2] = joints[:, 2] > 0
    labelled = joints[joints[:, 2] > 0, :2]
    return {
        "id": record["id"], "image_id": record["image_id"], "track_id": record["track_id"], "category_id": 1,
        "iscrowd": False, "scores": [], "keypoints": joints.ravel().tolist(), "bbox": widened_box(labelled),
        "bbox_head": record["bbox_head"], "num_keypoints": len(labelled),
    }  # fmt: skip


def _name(images: Sequence[Json]) -> str:
    name = str(images[0]["vid_id"])
    if not name.replace("-", "_").replace("_", "a").isalnum():
        raise ValueError(f"its vid_id must be a plain name, as 000342, to name a folder: {name!r:.60}")
    return f"{name}_bonn"


def _check_inside(source: Path, file_name: str) -> None:
    if not Fence(source).holds(str(source / file_name)):
        raise DataError(
            f"{source / 'annotations.json'}: an image's file_name must lie in {source}, but one is "
            f"{file_name!r:.80}. Leave that image out."
        )


def _place(source: Path, target: Path) -> None:
    target.unlink(missing_ok=True)  # of an earlier conversion
    try:
        link_or_copy(source, target)
    except OSError as error:
        raise DataError(
            f"cannot copy {source} to {target}: {error.strerror}. Restore the clip's frames, or "
            "name a folder that can be written to."
        ) from error

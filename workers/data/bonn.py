"""Turns a clip of the Bonn multi-person pose tracking data into PoseTrack18's layout, which all else reads.

source/annotations.json     images (with frame and vid_id), annotations (with track_id and bbox_head);
                            14 of MPII's joints: no nose, upper_neck is PoseTrack18's head_bottom
source/frames/*.jpg         the files' names in the annotations are relative to source
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import final

import numpy as np

from workers.data.annotations.categories import joint_names
from workers.data.annotations.joints import labelled_joints
from workers.data.annotations.opening import Json, load_json
from workers.data.annotations.pictures import Pictures, read_own_pictures
from workers.data.annotations.records import Records, listed
from workers.data.annotations.table import UNLISTED_IMAGE, remaining
from workers.data.annotations.values import shown
from workers.data.coco import NO_JOINTS
from workers.data.people import UNLABELLED
from workers.data.pictures.files import Fence
from workers.data.posetrack_layout import category, widened_box
from workers.data.skeleton import POSETRACK17
from workers.errors import DataError
from workers.files import link_or_copy, whole_file

_REPAIR = (
    "A clip of the Bonn data has images, annotations and categories, with frame, vid_id, track_id, bbox_head."
)
_OTHER_NAMES = {"head_bottom": "upper_neck"}


@final
@dataclass(frozen=True, slots=True)
class Written:
    """What a conversion left."""

    frames: Mapping[str, int]  # of each split
    skipped: Mapping[str, int]  # people, by reason


def write_bonn_as_posetrack(source: Path, root: Path, train_frames: int = 0) -> Written:
    """Writes the layout into `root` and returns how many frames each split has; images are linked.

    The first `train_frames` frames become the split train, the others val: the same people in the same
    video, so a figure on val says that things run, not how well they would on another video. Raises
    DataError, naming the file, where `source` is no such clip or has no frame left for val.
    """
    path = source / "annotations.json"
    content = load_json(path, _REPAIR)
    pictures = read_own_pictures(path, content, _REPAIR)
    frames = pictures.records.whole("frame")
    order = frames.argsort(kind="stable")
    if not 0 <= train_frames < len(order):
        raise DataError(
            f"train_frames must leave a frame for val, but of {len(order)} it asks for "
            f"{train_frames}. Ask for fewer."
        )
    names = pictures.names(order)
    _check_inside(source, names, pictures.records.take(order))
    images = _images(pictures, order, frames)
    records, skipped = _annotations(path, content, pictures)
    parts = {"train": slice(0, train_frames), "val": slice(train_frames, len(order))}
    for split, part in parts.items():
        if images[part]:
            document = _document(images[part], records, split)
            for image, name in zip(document["images"], names[part], strict=True):
                _place(source / name, root / image["file_name"])
            with whole_file(root / "annotations" / split / f"{_name(images)}.json") as draft:
                draft.write_text(json.dumps(document, separators=(",", ":")), encoding="utf-8")
    return Written({split: len(images[part]) for split, part in parts.items()}, skipped)


def _images(pictures: Pictures, order: np.ndarray, frames: np.ndarray) -> list[Json]:
    """Ids, frames and sizes of the images and the video's name, in the order of the frames."""
    videos = _videos(pictures.records.take(order))
    sizes, ids = pictures.sized(order).tolist(), pictures.ids[order].tolist()
    return [
        {"id": number, "frame": frame, "vid_id": video, "height": height, "width": width}
        for number, frame, video, (height, width)
        in zip(ids, frames[order].tolist(), videos, sizes, strict=True)
    ]  # fmt: skip


def _annotations(path: Path, content: Json, pictures: Pictures) -> tuple[list[Json], Counter[str]]:
    """Everybody in PoseTrack18's layout, in the order of the file, and how many others are left out."""
    names = joint_names(path, content, _REPAIR)
    wanted = [_OTHER_NAMES.get(name, name) for name in POSETRACK17.names]
    places = [names.index(name) if name in names else -1 for name in wanted]
    if sum(place >= 0 for place in places) != len(names):
        raise DataError(
            f"{path}: its joints must be the clip's 14, but are {', '.join(map(shown, names))}. {_REPAIR}"
        )
    records = listed(path, content, "annotations", "annotation", _REPAIR)
    joints, there = labelled_joints(records, names)
    heads, have_head = records.finite_rows("bbox_head", 4)
    records.refuse_first(~have_head, "{record} has no 'bbox_head'")
    image_ids = records.whole("image_id")
    rows, skipped = remaining(np.arange(len(records)), {
        UNLISTED_IMAGE: pictures.rows_of(image_ids) < 0,
        NO_JOINTS: ~there,
        UNLABELLED: ~(joints[..., 2] > 0).any(axis=1),
    })  # fmt: skip
    ids, tracks = records.unique("id"), records.whole("track_id")
    people = zip(
        ids[rows].tolist(), image_ids[rows].tolist(), tracks[rows].tolist(), joints[rows],
        heads[rows].tolist(), strict=True,
    )  # fmt: skip
    return [_annotation(*each, places) for each in people], skipped


def _document(images: Sequence[Json], records: Sequence[Json], split: str) -> Json:
    ids = {image["id"] for image in images}
    folder = f"images/{split}/{_name(images)}"
    return {
        "images": [_image(image, folder, len(images)) for image in images],
        "annotations": [record for record in records if record["image_id"] in ids],
        "categories": [category(POSETRACK17)],
    }  # fmt: skip


def _image(image: Json, folder: str, frames: int) -> Json:
    return {
        "id": image["id"], "frame_id": image["id"], "file_name": f"{folder}/{int(image['frame']):06d}.jpg",
        "vid_id": image["vid_id"], "nframes": frames, "is_labeled": True, "width": image["width"],
        "height": image["height"], "ignore_regions_x": [], "ignore_regions_y": [],
    }  # fmt: skip


def _annotation(
    number: int,
    image_id: int,
    track_id: int,
    joints: list[list[float]],
    head: list[float],
    places: Sequence[int],
) -> Json:
    """Joints in PoseTrack18's order, labelled with 1; those that the clip does not label are 0, 0, 0."""
    ordered = np.vstack([joints, np.zeros(3)])[list(places)]
    ordered[ordered[:, 2] == 0] = 0.0  # where the evaluation finds a place it takes it for a joint
    ordered[:, 2] = ordered[:, 2] > 0
    labelled = ordered[ordered[:, 2] > 0, :2]
    return {
        "id": number, "image_id": image_id, "track_id": track_id, "category_id": 1,
        "iscrowd": False, "scores": [], "keypoints": ordered.ravel().tolist(), "bbox": widened_box(labelled),
        "bbox_head": head, "num_keypoints": len(labelled),
    }  # fmt: skip


def _name(images: Sequence[Json]) -> str:
    return f"{images[0]['vid_id']}_bonn"


def _videos(records: Records) -> list[str]:
    """Each image's video, which names a folder."""
    videos = records.texts("vid_id")
    wrong = [not re.fullmatch(r"[\w-]+", video) for video in videos]
    what = "'vid_id' of {record} must be text and a plain name, as 000342"
    records.refuse_first(np.array(wrong, bool), what, "vid_id")
    return videos


def _check_inside(source: Path, names: Sequence[str], records: Records) -> None:
    fence = Fence(source)
    outside = [not fence.holds(str(source / name)) for name in names]
    records.refuse_first(
        np.array(outside, bool), f"an image's file_name must lie in {source}: {{record}}", "file_name"
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

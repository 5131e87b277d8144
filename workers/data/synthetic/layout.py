"""Synthetic clips in the two published layouts: COCO's person_keypoints files, PoseTrack18's file a clip.

PoseTrack18 ids and boxes follow its own files: image id 1VVVVVVFFFF, annotation id the image's with the
track's two digits, ears never labelled.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from workers.data.posetrack_layout import category, widened_box
from workers.data.skeleton import COCO17, POSETRACK17
from workers.data.synthetic.labels import PersonLabel

LEAST_VISIBLE = 0.25  # who is hidden more has no keypoints in COCO and is an ignored region in PoseTrack18
_UNLABELLED = np.zeros(3)

PeopleLabels = Sequence[PersonLabel]
Document = dict[str, Any]


def coco_document(
    clips: Sequence[tuple[int, Sequence[PeopleLabels]]], height_px: int, width_px: int
) -> Document:
    """The annotation file of one split; `clips` are (clip number, the people of each frame)."""
    images: list[Document] = []
    annotations: list[Document] = []
    for clip, frames in clips:
        for frame, people in enumerate(frames):
            image_id = coco_image_id(clip, frame)
            images.append({
                "id": image_id, "file_name": coco_file_name(clip, frame), "license": 1,
                "width": width_px, "height": height_px, "sequence": sequence_name(clip), "frame": frame,
            })  # fmt: skip
            annotations += [_coco_annotation(person, image_id, len(annotations) + i + 1)
                            for i, person in enumerate(people)]  # fmt: skip
    return {
        "info": {"description": "made people: drawn, not photographed", "version": "1.0"},
        "licenses": [{"id": 1, "name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"}],
        "categories": [category(COCO17)],
        "images": images,
        "annotations": annotations,
    }


def posetrack_document(
    clip: int, split: str, frames: Sequence[PeopleLabels], height_px: int, width_px: int
) -> Document:
    """The annotation file of one clip."""
    size = (height_px, width_px)
    images = [_posetrack_image(clip, split, frame, frames, *size) for frame in range(len(frames))]
    annotations = [
        _posetrack_annotation(person, posetrack_image_id(clip, frame))
        for frame, people in enumerate(frames)
        for person in people
        if _labelled(person)
    ]
    return {"categories": [category(POSETRACK17)], "images": images, "annotations": annotations}


def coco_image_id(clip: int, frame: int) -> int:
    """Clips have at most 10,000 frames."""
    return 10_000 * clip + frame + 1


def coco_file_name(clip: int, frame: int) -> str:
    """COCO's twelve digits."""
    return f"{coco_image_id(clip, frame):012d}.jpg"


def posetrack_image_id(clip: int, frame: int) -> int:
    """1, six digits of the clip, four of the frame."""
    return 10_000 * (1_000_000 + clip) + frame


def sequence_name(clip: int) -> str:
    """The clip's folder and file in the PoseTrack18 layout."""
    return f"{clip:06d}_made"


def posetrack_file_name(clip: int, split: str, frame: int) -> str:
    """Relative to the PoseTrack18 root."""
    return f"images/{split}/{sequence_name(clip)}/{frame:06d}.jpg"


def _labelled(person: PersonLabel) -> bool:
    return person.seen >= LEAST_VISIBLE and bool((person.keypoints[:, 2] > 0).any())


def _coco_annotation(person: PersonLabel, image_id: int, annotation_id: int) -> Document:
    keypoints = person.keypoints if _labelled(person) else np.zeros_like(person.keypoints)
    return {
        "id": annotation_id, "image_id": image_id, "category_id": 1, "iscrowd": 0,
        "track_id": person.track_id, "bbox": list(person.box_xywh_px), "area": person.area_px2,
        "num_keypoints": int((keypoints[:, 2] > 0).sum()), "keypoints": _flat(keypoints),
    }  # fmt: skip


def _posetrack_image(
    clip: int, split: str, frame: int, frames: Sequence[PeopleLabels], height_px: int, width_px: int
) -> Document:
    image_id = posetrack_image_id(clip, frame)
    ignored = [_corners(person) for person in frames[frame] if not _labelled(person)]
    return {
        "has_no_densepose": True, "is_labeled": True, "id": image_id, "frame_id": image_id,
        "file_name": posetrack_file_name(clip, split, frame), "nframes": len(frames), "vid_id": f"{clip:06d}",
        "width": width_px, "height": height_px,
        "ignore_regions_x": [xs for xs, _ in ignored], "ignore_regions_y": [ys for _, ys in ignored],
    }  # fmt: skip


def _posetrack_annotation(person: PersonLabel, image_id: int) -> Document:
    keypoints = _posetrack_keypoints(person)
    labelled = keypoints[keypoints[:, 2] > 0, :2]
    return {
        "id": 100 * image_id + person.track_id, "image_id": image_id, "category_id": 1,
        "track_id": person.track_id, "iscrowd": False, "scores": [],
        "bbox": widened_box(labelled), "bbox_head": [round(side) for side in person.head_box_xywh_px],
        "num_keypoints": len(labelled), "keypoints": _flat(keypoints),
    }  # fmt: skip


def _posetrack_keypoints(person: PersonLabel) -> np.ndarray:
    """(17, 3) in PoseTrack18's order; every labelled joint has 1, hidden ones too."""
    joints = dict(zip(COCO17.names, person.keypoints, strict=True))
    joints |= {"head_bottom": person.head_bottom, "head_top": person.head_top}
    joints |= {"left_ear": _UNLABELLED, "right_ear": _UNLABELLED}
    keypoints = np.array([joints[name] for name in POSETRACK17.names])
    keypoints[:, 2] = keypoints[:, 2] > 0
    return keypoints


def _corners(person: PersonLabel) -> tuple[list[float], list[float]]:
    x, y, width, height = person.box_xywh_px
    return [x, x + width, x + width, x], [y, y, y + height, y + height]


def _flat(keypoints: np.ndarray) -> list[float]:
    return [int(value) if value.is_integer() else round(value, 2) for value in keypoints.ravel().tolist()]

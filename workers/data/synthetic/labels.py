"""The labels of a person in a synthetic frame: joints with visibility, boxes, area and visible share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import final

import cv2
import numpy as np

from workers.data.people import Box
from workers.data.skeleton import COCO17
from workers.data.synthetic.cast import Actor
from workers.data.synthetic.figure import PART_LABEL

_OWNERS: Mapping[str, tuple[str, ...]] = {
    "shoulder": ("torso", "{side}_upper_arm"),
    "elbow": ("{side}_upper_arm", "{side}_forearm"),
    "wrist": ("{side}_forearm", "{side}_hand"),
    "hip": ("torso", "pelvis", "{side}_thigh"),
    "knee": ("{side}_thigh", "{side}_shank"),
    "ankle": ("{side}_shank", "{side}_foot"),
    "nose": ("head",),
    "eye": ("head",),
    "ear": ("head",),
}
_TURNED_AWAY = {"nose": -0.1, "eye": -0.05, "ear": -0.25}  # depth behind the head's centre, in head radii


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class PersonLabel:
    """One person in one frame; positions are in px, (x, y) with pixel centres at whole numbers.

    Box and area are the drawn figure's inside the image, as if nobody and nothing stood before it.
    """

    track_id: int
    keypoints: np.ndarray  # (17, 3) COCO17 x, y and 0 out of the image, 1 hidden, 2 visible
    head_bottom: np.ndarray  # (3,) as a keypoint
    head_top: np.ndarray  # (3,)
    head_box_xywh_px: Box
    box_xywh_px: Box
    area_px2: int
    seen: float  # share of the area that nothing covers


def label_person(
    actor: Actor, points_px: Mapping[str, np.ndarray], parts: np.ndarray, nearest: np.ndarray, marker: int
) -> PersonLabel | None:
    """The person's labels, or None where the image holds nothing of it.

    points_px: name -> (3,) position and depth at the middle of the exposure; parts: (H, W) PART_LABEL of the
    person alone; nearest: (H, W), `marker` where this person is what the camera sees.
    """
    area_px2 = int(np.count_nonzero(parts))
    if area_px2 == 0:
        return None
    front = np.where(nearest == marker, parts, 0)
    radius_px = actor.figure.build.head * actor.figure.stature_px
    turned = {name: point[2] - points_px["head"][2] for name, point in points_px.items()}
    joints = [_keypoint(name, points_px[name], front, turned[name] / radius_px) for name in COCO17.names]
    return PersonLabel(
        track_id=actor.track_id,
        keypoints=np.array(joints),
        head_bottom=_keypoint("nose", points_px["head_bottom"], front, 0.0),
        head_top=_keypoint("nose", points_px["head_top"], front, 0.0),
        head_box_xywh_px=_around(points_px["head"][:2], 1.15 * radius_px),
        box_xywh_px=_tuple4(cv2.boundingRect((parts > 0).astype(np.uint8))),
        area_px2=area_px2,
        seen=float(np.count_nonzero(front)) / area_px2,
    )


def _keypoint(name: str, point: np.ndarray, front: np.ndarray, turned: float) -> np.ndarray:
    """(3,) x, y and visibility: seen where a part that holds the joint is in front, within a pixel."""
    height, width = front.shape
    x, y = (round(float(value), 2) for value in point[:2])
    if not (0 <= x <= width - 1 and 0 <= y <= height - 1):
        return np.zeros(3)
    side, _, joint = name.rpartition("_")
    owners = [PART_LABEL[owner.format(side=side)] for owner in _OWNERS[joint]]
    column, row = round(x), round(y)
    around = front[max(row - 1, 0) : row + 2, max(column - 1, 0) : column + 2]
    seen = bool(np.isin(around, owners).any()) and turned > _TURNED_AWAY.get(joint, -np.inf)
    return np.array([x, y, 2.0 if seen else 1.0])


def _around(centre: np.ndarray, radius: float) -> Box:
    return _tuple4((centre[0] - radius, centre[1] - radius, 2 * radius, 2 * radius))


def _tuple4(values: Sequence[float]) -> Box:
    x, y, width, height = (round(float(value), 2) for value in values)
    return x, y, width, height

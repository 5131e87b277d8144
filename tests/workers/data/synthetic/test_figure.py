from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from workers.data.skeleton import COCO17
from workers.data.synthetic.body import Body, draw_build, pose_body
from workers.data.synthetic.cast import Actor
from workers.data.synthetic.figure import PART_LABEL, between, label_map, paint
from workers.data.synthetic.labels import PersonLabel, label_person
from workers.data.synthetic.motion import ANGLES, Motion, draw_motion
from workers.data.synthetic.outfit import draw_outfit
from workers.data.synthetic.paint import Light, draw_light, fill
from workers.data.synthetic.tailor import Figure


def _other_side(name: str) -> str:
    side, _, joint = name.partition("_")
    return {"left": "right", "right": "left"}.get(side, side) + "_" + joint


HEIGHT, WIDTH = 240, 201  # an odd width has a middle column, about which a figure can be mirrored
LIGHT = Light(0.0, 0.6, 0.8)
ORIGIN_PX = np.array([100.0, 225.0])
MIRRORED_SIGN = np.array([-1.0 if name.endswith(("_roll", "_yaw")) else 1.0 for name in ANGLES])
MIRRORED_FROM = [ANGLES.index(_other_side(name)) for name in ANGLES]


def _still(yaw_deg: float = 0.0) -> Motion:
    angles = np.zeros((1, len(ANGLES)))
    for name in ("left_shoulder_abduct", "right_shoulder_abduct"):
        angles[:, ANGLES.index(name)] = np.radians(40.0)
    return Motion(angles_rad=angles, yaw_rad=np.radians([yaw_deg]), forward=np.zeros(1), hop=np.zeros(1))


def _mirror(motion: Motion) -> Motion:
    angles_rad = motion.angles_rad[:, MIRRORED_FROM] * MIRRORED_SIGN
    return replace(motion, angles_rad=angles_rad, yaw_rad=-motion.yaw_rad)


def _actor(motion: Motion, seed: int = 0, origin_px: np.ndarray = ORIGIN_PX) -> Actor:
    rng = np.random.default_rng(seed)
    outfit = replace(draw_outfit(rng), legs="trousers", long_hair=False)
    figure = Figure(build=draw_build(rng), outfit=outfit, stature_px=180.0)
    body: Body = pose_body(figure.build, motion, camera_pitch_rad=0.1)
    origins_px = np.tile(origin_px, (len(motion.yaw_rad), 1))
    return Actor(track_id=0, figure=figure, body=body, origins_px=origins_px, obstacle=None)


def _labels(actor: Actor, cover: np.ndarray | None = None) -> PersonLabel:
    parts = label_map(actor.pieces(0, LIGHT), HEIGHT, WIDTH)
    nearest = (parts > 0).astype(np.uint8)
    if cover is not None:
        fill(nearest, cover, 255, smooth=False)
    points = {name: actor.points_px(name)[0] for name in actor.body.points}
    label = label_person(actor, points, parts, nearest, marker=1)
    assert label is not None
    return label


def _seen(label: PersonLabel) -> dict[str, int]:
    return dict(zip(COCO17.names, label.keypoints[:, 2].astype(int).tolist(), strict=True))


def _square(centre: np.ndarray, half_px: float) -> np.ndarray:
    return centre + half_px * np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)])


def test_whoever_faces_the_camera_with_arms_spread_shows_every_joint() -> None:
    assert set(_seen(_labels(_actor(_still()))).values()) == {2}


def test_whoever_turns_away_hides_eyes_and_nose_only() -> None:
    seen = _seen(_labels(_actor(_still(yaw_deg=180.0))))
    assert {name for name, visibility in seen.items() if visibility == 1} == {"nose", "left_eye", "right_eye"}


def test_an_obstacle_hides_the_joint_behind_it_and_no_other() -> None:
    actor = _actor(_still())
    knee_px = actor.points_px("left_knee")[0, :2]
    seen = _seen(_labels(actor, cover=_square(knee_px, 8.0)))
    assert {name for name, visibility in seen.items() if visibility == 1} == {"left_knee"}


def test_joints_out_of_the_image_are_zero_and_the_box_ends_at_its_border() -> None:
    label = _labels(_actor(_still(), origin_px=np.array([100.0, 290.0])))
    seen = _seen(label)
    assert seen["left_ankle"] == seen["right_ankle"] == 0
    assert (label.keypoints[label.keypoints[:, 2] == 0] == 0).all()
    assert label.box_xywh_px[1] + label.box_xywh_px[3] == HEIGHT
    assert _seen(_labels(_actor(_still())))["left_ankle"] == 2


def test_box_and_area_are_those_of_the_uncovered_figure() -> None:
    actor = _actor(_still())
    free, covered = _labels(actor), _labels(actor, cover=_square(np.array([100.0, 120.0]), 40.0))
    assert free.seen == 1.0
    assert covered.seen < 0.8
    assert (free.box_xywh_px, free.area_px2) == (covered.box_xywh_px, covered.area_px2)


def test_nobody_is_labelled_outside_the_image() -> None:
    actor = _actor(_still(), origin_px=np.array([900.0, 225.0]))
    nothing = np.zeros((HEIGHT, WIDTH), np.uint8)
    assert label_person(actor, {}, nothing, nothing, marker=1) is None


@pytest.mark.parametrize("seed", range(6))
def test_a_mirrored_person_is_the_mirrored_image_so_flipped_crops_tell_the_truth(seed: int) -> None:
    rng = np.random.default_rng(seed)
    motion, light = draw_motion(rng, np.zeros(1), difficulty=1.0), draw_light(rng)
    actor, mirrored = _actor(motion, seed), _actor(_mirror(motion), seed)
    image, mirror_image = (np.full((HEIGHT, WIDTH, 3), 128, np.uint8) for _ in range(2))
    paint(image, actor.pieces(0, light), actor.figure.outfit, light)
    opposite = Light(-light.x, light.y, light.z)
    paint(mirror_image, mirrored.pieces(0, opposite), actor.figure.outfit, opposite)
    differs = np.abs(image[:, ::-1].astype(int) - mirror_image).max(axis=2) > 24
    assert differs.mean() < 0.004, "but for the sub-pixel edges"
    labels, mirror_labels = _labels(actor).keypoints, _labels(mirrored).keypoints[COCO17.flip_order]
    np.testing.assert_allclose(WIDTH - 1 - labels[:, 0], mirror_labels[:, 0], atol=0.02)
    assert (labels[:, 1] == mirror_labels[:, 1]).all()


def test_front_and_back_of_the_same_person_look_different() -> None:
    images = []
    for yaw_deg in (0.0, 180.0):
        actor, canvas = _actor(_still(yaw_deg)), np.full((HEIGHT, WIDTH, 3), 128, np.uint8)
        paint(canvas, actor.pieces(0, LIGHT), actor.figure.outfit, LIGHT)
        images.append(canvas.astype(int))
    x, y, _ = _actor(_still()).points_px("head")[0].astype(int)
    face = slice(y - 4, y + 9), slice(x - 6, x + 7)
    assert np.abs(images[0][face] - images[1][face]).mean() > 20


def test_pieces_halfway_lie_halfway_and_move_with_the_camera() -> None:
    motion = draw_motion(np.random.default_rng(1), np.array([0.0, 0.05]), difficulty=1.0)
    actor = _actor(motion)
    first, second = actor.pieces(0, LIGHT), actor.pieces(1, LIGHT)
    halfway = between(first, second, 0.5, np.array([3.0, -2.0]))
    for start, end, middle in zip(first, second, halfway, strict=True):
        np.testing.assert_allclose(middle.outline, 0.5 * (start.outline + end.outline) + (3.0, -2.0))


def test_every_part_is_on_the_map_of_a_person_with_arms_spread() -> None:
    labels = label_map(_actor(_still()).pieces(0, LIGHT), HEIGHT, WIDTH)
    assert set(np.unique(labels).tolist()) == {0, *PART_LABEL.values()}

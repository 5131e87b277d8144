from __future__ import annotations

import numpy as np
import pytest

from workers.data.synthetic.body import Body, draw_build, pose_body
from workers.data.synthetic.motion import ACTIONS, ANGLES, Motion, draw_motion

BUILD = draw_build(np.random.default_rng(0))
FACE_CAMERA, FACE_RIGHT, FACE_AWAY = 0.0, 90.0, 180.0


def _posed(yaw_deg: float, **angles_deg: float) -> Body:
    angles = np.radians([[angles_deg.get(name, 0.0) for name in ANGLES]])
    motion = Motion(angles_rad=angles, yaw_rad=np.radians([yaw_deg]), forward=np.zeros(1), hop=np.zeros(1))
    return pose_body(BUILD, motion, camera_pitch_rad=0.0).at(0)


def test_who_faces_the_camera_has_the_left_side_at_the_right_of_the_image() -> None:
    points = _posed(FACE_CAMERA).points
    for joint in ("eye", "ear", "shoulder", "elbow", "wrist", "hip", "knee", "ankle"):
        assert points[f"left_{joint}"][0] > 0 > points[f"right_{joint}"][0]
    assert points["nose"][2] > points["head"][2], "the nose is nearer than the head's centre"


def test_who_turns_away_has_the_left_side_at_the_left_and_the_nose_behind() -> None:
    points = _posed(FACE_AWAY).points
    assert points["left_shoulder"][0] < 0 < points["right_shoulder"][0]
    assert points["nose"][2] < points["head"][2]


def test_who_faces_right_points_nose_and_toes_right_and_shows_the_right_side() -> None:
    points = _posed(FACE_RIGHT).points
    assert points["nose"][0] > points["head"][0]
    assert points["left_toe"][0] > points["left_ankle"][0]
    assert points["right_shoulder"][2] > points["left_shoulder"][2]


def test_a_raised_arm_ends_above_the_shoulder_and_an_abducted_one_beside_it() -> None:
    raised = _posed(FACE_CAMERA, left_shoulder_flex=180.0).points
    length = BUILD.upper_arm + BUILD.forearm
    np.testing.assert_allclose(raised["left_wrist"] - raised["left_shoulder"], (0.0, length, 0.0), atol=1e-9)
    spread = _posed(FACE_CAMERA, right_shoulder_abduct=90.0).points
    np.testing.assert_allclose(spread["right_wrist"] - spread["right_shoulder"], (-length, 0, 0), atol=1e-9)


def test_elbows_bend_forward_and_knees_backward() -> None:
    points = _posed(FACE_CAMERA, left_elbow=90.0, right_knee=90.0).points
    np.testing.assert_allclose(points["left_wrist"] - points["left_elbow"], (0, 0, BUILD.forearm), atol=1e-9)
    np.testing.assert_allclose(points["right_ankle"] - points["right_knee"], (0, 0, -BUILD.shank), atol=1e-9)


@pytest.mark.parametrize("seed", range(8))
def test_limbs_keep_their_length_and_the_lower_foot_the_ground(seed: int) -> None:
    rng = np.random.default_rng(seed)
    motion = draw_motion(rng, np.linspace(-0.3, 0.3, 7), difficulty=1.0)
    points = pose_body(BUILD, motion, camera_pitch_rad=0.2).points
    for side in ("left", "right"):
        thigh = np.linalg.norm(points[f"{side}_knee"] - points[f"{side}_hip"], axis=1)
        np.testing.assert_allclose(thigh, BUILD.thigh)
    lowest = np.minimum(points["left_ankle"][:, 1], points["right_ankle"][:, 1])
    np.testing.assert_allclose(lowest, motion.hop, atol=1e-9)


@pytest.mark.parametrize("seed", range(8))
def test_people_move_smoothly(seed: int) -> None:
    times_s = np.linspace(0.0, 0.5, 51)
    motion = draw_motion(np.random.default_rng(seed), times_s, difficulty=1.0)
    points = pose_body(BUILD, motion, camera_pitch_rad=0.1).points
    for name, track in points.items():
        step = np.linalg.norm(np.diff(track, axis=0), axis=1).max()
        assert step < 0.12, f"{name} jumps by {step:.2f} statures in 10 ms"


def test_knees_and_elbows_never_bend_the_wrong_way() -> None:
    hinges = [ANGLES.index(f"{side}_{joint}") for side in ("left", "right") for joint in ("knee", "elbow")]
    for seed in range(30):
        angles = draw_motion(np.random.default_rng(seed), np.linspace(0.0, 1.0, 20), 1.0).angles_rad
        assert angles[:, hinges].min() >= 0.0


def test_every_action_names_known_angles() -> None:
    known = {*ANGLES, *(name.partition("_")[2] for name in ANGLES if name.startswith("left"))}
    for name, action in ACTIONS.items():
        assert {*action.rest, *action.swing, *action.lag} <= known, name

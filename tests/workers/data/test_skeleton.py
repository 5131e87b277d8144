from __future__ import annotations

import numpy as np
import pytest

from workers.data.skeleton import (
    COCO17,
    POSETRACK17,
    Skeleton,
    skeleton_from_names,
    without_known_sigma,
)


@pytest.mark.parametrize("skeleton", [COCO17, POSETRACK17])
def test_the_flip_order_puts_every_joint_at_the_place_of_its_other_side(skeleton: Skeleton) -> None:
    swapped = [skeleton.names[i] for i in skeleton.flip_order]
    mirror = {"left": "right", "right": "left"}
    sides = [name.partition("_") for name in skeleton.names]
    assert swapped == [mirror.get(side, side) + line + part for side, line, part in sides]
    assert (skeleton.flip_order[skeleton.flip_order] == np.arange(17)).all()


@pytest.mark.parametrize("skeleton", [COCO17, POSETRACK17])
def test_tables_of_a_skeleton_fit_its_joints(skeleton: Skeleton) -> None:
    assert skeleton.keypoints == len(skeleton.oks_sigmas) == 17
    assert {i for link in skeleton.links for i in link} <= set(range(17))


def test_known_names_give_the_known_skeleton() -> None:
    assert skeleton_from_names(COCO17.names) is COCO17
    assert skeleton_from_names(POSETRACK17.names) is POSETRACK17


def test_other_names_give_pairs_from_left_and_right() -> None:
    own = skeleton_from_names(("head", "r_hand", "l_hand", "left_knee", "right_knee"), ((0, 1),))
    assert own.flip_pairs == ((2, 1), (3, 4))
    assert own.oks_sigmas[3] == 0.087
    assert own.links == ((0, 1),)


def test_the_upper_body_is_what_lies_above_the_hips() -> None:
    assert COCO17.upper_body.tolist() == [True] * 11 + [False] * 6


def test_the_lower_body_is_found_in_every_spelling() -> None:
    lower = (
        "LHip",
        "Left Knee",
        "r_ankle",
        "RAnkle",
        "L_B_Paw",
        "rear_left_paw",
        "foot.L",
        "bigToe",
        "shin_l",
    )
    upper = ("L_Eye", "Elbow", "elbow.R", "L_F_Paw", "front_left_knee", "Neck", "hand_l", "ring", "lower_lip")
    assert not skeleton_from_names(lower).upper_body.any()
    assert skeleton_from_names(upper).upper_body.all()


def test_joints_that_coco_does_not_have_get_the_mean_of_its_sigmas() -> None:
    names = ("LWrist", "tail", "head_top")
    mean = sum(COCO17.oks_sigmas) / 17
    assert skeleton_from_names(names).oks_sigmas == (0.062, mean, mean)
    assert without_known_sigma(names) == ("tail", "head_top")
    assert without_known_sigma(POSETRACK17.names) == ()

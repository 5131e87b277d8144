from __future__ import annotations

import numpy as np
import pytest

from workers.data.skeleton import COCO17, POSETRACK17, Skeleton, skeleton_from_names


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

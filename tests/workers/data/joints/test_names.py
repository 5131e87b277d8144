from __future__ import annotations

import pytest

from workers.data.joints.names import find_pairs, is_plain, places_of, plain_names, words_of
from workers.data.skeleton import COCO17, POSETRACK17, skeleton_from_names

LEFT_EYE = (
    "L_Eye", "l_eye", "LEye", "lEye", "L Eye", "l-eye", "L.Eye", "Left Eye", "LeftEye", "leftEye", "LEFT_EYE",
    "left-eye", "eye_L", "eye.L", "Eye L", "eyeL", "eye.left", "EyeLeft", "lft_eye", "lt_eye", "lefteye",
    "leye", "eyel", "left/eye", "LEYE",
)  # fmt: skip
RIGHT_EYE = (
    "R_Eye", "r_eye", "REye", "rEye", "R Eye", "r-eye", "R.Eye", "Right Eye", "RightEye", "rightEye",
    "RIGHT_EYE", "right-eye", "eye_R", "eye.R", "Eye R", "eyeR", "eye.right", "EyeRight", "rgt_eye", "rt_eye",
    "righteye", "reye", "eyer", "right/eye", "REYE",
)  # fmt: skip


@pytest.mark.parametrize(("left", "right"), list(zip(LEFT_EYE, RIGHT_EYE, strict=True)))
def test_an_eye_is_left_or_right_in_every_spelling_and_has_cocos_sigma(left: str, right: str) -> None:
    names = ("Nose", right, left)
    assert find_pairs(names) == ((2, 1),)
    assert plain_names(names) == ("nose", "right_eye", "left_eye")
    assert skeleton_from_names(names).oks_sigmas == (0.026, 0.025, 0.025)


@pytest.mark.parametrize(
    "names",
    [
        ("front_left_paw", "front_right_paw", "rear_left_paw", "rear_right_paw"),
        ("left_front_paw", "right_front_paw", "left_rear_paw", "right_rear_paw"),
        ("front_left_paw", "right_front_paw", "rear_left_paw", "right_rear_paw"),
        ("L_F_Paw", "R_F_Paw", "L_B_Paw", "R_B_Paw"),
        ("FL_paw", "FR_paw", "RL_paw", "RR_paw"),
        ("LF", "RF", "LH", "RH"),
        ("left_eye_left_corner", "right_eye_right_corner", "left_eye_right_corner", "right_eye_left_corner"),
        ("rig:LeftArm", "rig:RightArm", "Bip01 L Thigh", "Bip01 R Thigh"),
        ("hand.L.001", "hand.R.001", "hand.L.002", "hand.R.002"),
    ],
)
def test_limbs_of_one_side_that_differ_in_more_than_the_side_stay_apart(names: tuple[str, ...]) -> None:
    assert find_pairs(names) == ((0, 1), (2, 3))


def test_words_that_begin_with_l_or_r_are_no_sides() -> None:
    names = (
        "lip",
        "rear",
        "ring",
        "leg",
        "elbow",
        "lower",
        "root",
        "upper_lip",
        "ear",
        "right",
        "rib",
        "tail",
    )
    assert find_pairs(names) == ()
    assert plain_names(names)[:9] == names[:9]


def test_a_joint_whose_other_side_is_missing_or_there_twice_has_no_partner() -> None:
    assert find_pairs(("left_thumb", "nose")) == ()
    assert find_pairs(("left_eye", "eye_left", "right_eye")) == ((0, 2),), "the one that is spelt alike"
    assert find_pairs(("left_eye", "left_eye", "right_eye")) == ()


def test_words_end_at_a_capital_a_number_and_a_sign() -> None:
    assert words_of("LeftForeArm2-upper.END") == ("left", "fore", "arm", "2", "upper", "end")
    assert words_of("") == ()


def test_joints_are_found_in_another_order_and_another_spelling() -> None:
    assert places_of(("nose", "left_eye"), ("left_eye", "nose")) == (1, 0)
    assert places_of(("Nose", "L_Eye", "R_Eye"), ("left_eye", "right_eye", "nose")) == (2, 0, 1)
    assert places_of(("nose", "tail"), ("nose", "left_eye")) is None
    assert places_of(("nose",), ("nose", "nose")) is None
    assert places_of(POSETRACK17.names, COCO17.names) is None


def test_known_names_are_plain_and_others_are_not() -> None:
    assert is_plain(COCO17.names)
    assert is_plain(POSETRACK17.names)
    assert not is_plain(("L_Eye", "R_Eye"))
    assert not is_plain(("front_left_paw", "front_right_paw"))

from __future__ import annotations

import cv2
import numpy as np
import pytest

from workers.data.crop import apply_affine, crop, crop_affine, invert_affine
from workers.data.people import Box

INPUT_HW = (128, 96)
BOX = (10.0, 20.0, 30.0, 40.0)  # of the input's own aspect ratio: padded 37.5 x 50, centre (25, 40)


def moved(point: tuple[float, float], **choices: float | bool) -> list[float]:
    affine = crop_affine(BOX, INPUT_HW, **choices)  # type: ignore[arg-type]
    return np.round(apply_affine(np.array([point]), affine)[0], 6).tolist()


def test_the_box_centre_goes_to_the_middle_and_the_padded_corners_to_the_corners() -> None:
    assert moved((25, 40)) == [48, 64]
    assert moved((6.25, 15)) == [0, 0]
    assert moved((43.75, 65)) == [96, 128]


def test_a_wide_box_is_widened_upwards_and_downwards() -> None:
    affine = crop_affine((0, 0, 60, 40), INPUT_HW, padding=1.0)  # 60 x 40 -> 60 x 80
    corners = apply_affine(np.array([[0.0, -20.0], [60.0, 60.0]]), affine)
    assert np.allclose(corners, [[0, 0], [96, 128]])


def test_scale_shows_more_and_rotation_turns_counter_clockwise() -> None:
    assert moved((6.25, 15), scale=2.0) == [24, 32]
    assert moved((25, 15), rotation_deg=90.0) == [48 - 64, 64]  # straight up goes to the left


@pytest.mark.parametrize("box", [BOX, (3.0, 7.0, 90.0, 20.0), (100.0, 50.0, 5.0, 61.0)])
def test_the_affine_is_that_of_the_three_points_of_the_released_pipeline(box: Box) -> None:
    height, width = INPUT_HW
    rotation_deg = 25.0
    aspect = width / height
    w = max(box[2], box[3] * aspect) * 1.25
    centre = np.array([box[0] + box[2] / 2, box[1] + box[3] / 2])
    sin, cos = np.sin(np.deg2rad(rotation_deg)), np.cos(np.deg2rad(rotation_deg))
    up = 0.5 * w * np.array([sin, -cos])
    across = np.array([up[1], -up[0]])
    source = np.stack([centre, centre + up, centre + across]).astype(np.float32)
    middle, half = np.array([width / 2, height / 2]), 0.5 * width
    target = np.stack([middle, middle - (0, half), middle - (half, 0)]).astype(np.float32)
    expected = cv2.getAffineTransform(source, target)
    assert np.allclose(crop_affine(box, INPUT_HW, rotation_deg=rotation_deg), expected, atol=2e-3)


def test_the_inverse_takes_input_points_back_to_the_image() -> None:
    points = np.random.default_rng(0).uniform(0, 100, (20, 2))
    affine = crop_affine(BOX, INPUT_HW, rotation_deg=33.0, scale=1.3, flip=True)
    assert np.allclose(apply_affine(apply_affine(points, affine), invert_affine(affine)), points)


def test_a_flipped_crop_is_the_mirrored_crop() -> None:
    noise = np.random.default_rng(1).integers(0, 256, (12, 12, 3), np.uint8)
    image = cv2.resize(noise, (90, 90))
    plain = crop(image, crop_affine(BOX, INPUT_HW, rotation_deg=20.0), INPUT_HW)
    flipped = crop(image, crop_affine(BOX, INPUT_HW, rotation_deg=20.0, flip=True), INPUT_HW)
    assert plain.std() > 10
    assert np.abs(flipped.astype(int) - plain[:, ::-1]).max() <= 3  # fixed-point interpolation


def test_a_crop_is_rgb_and_black_outside_the_image() -> None:
    blue = np.zeros((40, 40, 3), np.uint8)
    blue[..., 0] = 200
    cut = crop(blue, crop_affine((0, 0, 40, 40), INPUT_HW), INPUT_HW)
    assert cut.shape == (*INPUT_HW, 3)
    assert cut[64, 48].tolist() == [0, 0, 200]
    assert cut[0, 0].tolist() == [0, 0, 0]

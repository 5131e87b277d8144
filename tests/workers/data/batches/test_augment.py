from __future__ import annotations

import numpy as np
import pytest

from spaces.errors import BoundError
from workers.data.batches.augment import Augmentation, Draw, half_body_box
from workers.data.skeleton import COCO17


def test_draws_stay_in_their_ranges_and_fill_them() -> None:
    augmentation = Augmentation(rotation_deg=40, scale_fraction=0.25, flip_probability=0.5)
    draws = augmentation.draw_many(np.random.default_rng(0), 2000)
    turns = [draw.rotation_deg for draw in draws]
    scales = [draw.scale for draw in draws]
    assert -40 <= min(turns) < -38 < 38 < max(turns) <= 40
    assert 0.75 <= min(scales) < 0.77 < 1.23 < max(scales) <= 1.25
    assert 0.45 < np.mean([draw.flip for draw in draws]) < 0.55
    assert not any(draw.half_body for draw in draws)


def test_no_augmentation_draws_what_validation_sees() -> None:
    draws = Augmentation(rotation_deg=0.0, flip_probability=0.0).draw_many(np.random.default_rng(0), 50)
    assert {(d.rotation_deg, d.scale, d.flip, d.half_body) for d in draws} == {(0.0, 1.0, False, False)}
    assert Draw() == Draw(rotation_deg=0.0, scale=1.0, flip=False, half_body=False)


def test_changing_one_range_leaves_the_draws_of_the_others() -> None:
    one = Augmentation(rotation_deg=40).draw(np.random.default_rng(3))
    other = Augmentation(rotation_deg=20, scale_fraction=0.3).draw(np.random.default_rng(3))
    assert one.rotation_deg == pytest.approx(2 * other.rotation_deg)
    assert one.flip == other.flip


def test_the_half_body_box_surrounds_the_labelled_joints_of_its_half() -> None:
    keypoints = np.zeros((17, 3), np.float32)
    keypoints[[5, 6, 9], :] = [(10, 10, 2), (30, 10, 2), (20, 40, 1)]
    box = half_body_box(keypoints, COCO17, upper=True)
    assert box == pytest.approx((20 - 12, 20 - 18, 24, 36))  # mean (20, 20), extent 20 x 30, times 1.2
    assert half_body_box(keypoints, COCO17, upper=False) is None


def test_a_range_that_makes_no_sense_is_refused() -> None:
    with pytest.raises(BoundError, match=r"scale_fraction must be a share in \[0, 1\), but it is 1.5"):
        Augmentation(scale_fraction=1.5)
    with pytest.raises(BoundError, match=r"flip_probability must be a share from 0 to 1, but it is -1"):
        Augmentation(flip_probability=-1)

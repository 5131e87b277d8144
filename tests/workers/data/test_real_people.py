"""The codec, crop and flip on real COCO people."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from workers.data.batches.augment import Augmentation, Draw
from workers.data.batches.people_set import PeopleTrainingSet
from workers.data.coco import read_people
from workers.data.codec import Codec
from workers.data.crop import apply_affine, crop_affine, invert_affine
from workers.data.people import People


@pytest.fixture
def real(shared: Path) -> People:
    return read_people(shared / "data" / "coco_mini", "val2017")


def test_people_and_skips_are_those_of_the_file(real: People) -> None:
    assert len(real) == 282
    assert real.skipped == {"without labelled keypoints": 40, "crowd region": 4}


def test_encoding_and_decoding_real_people_is_within_half_a_cell(real: People) -> None:
    codec = Codec((256, 192), sigma=2.0)
    affines = [crop_affine(person.box_xywh_px, codec.input_hw) for person in real.people]
    keypoints = np.stack([person.keypoints for person in real.people])
    inside = np.stack([apply_affine(k[:, :2], a) for k, a in zip(keypoints, affines, strict=True)])
    targets, weights = codec.encode(np.concatenate([inside, keypoints[..., 2:]], axis=-1))
    decoded, _ = codec.decode(targets)
    on_map = ((inside >= -2) & (inside < (190, 254))).all(axis=-1) & (weights > 0)
    assert on_map.sum() > 0.97 * (keypoints[..., 2] > 0).sum()
    assert np.abs(decoded - inside)[on_map].max() <= 2.0

    back = np.stack([apply_affine(p, invert_affine(a)) for p, a in zip(decoded, affines, strict=True)])
    pixels_per_input = np.array([1 / np.hypot(*a[:, 0]) for a in affines])[:, None]
    distance = np.linalg.norm(back - keypoints[..., :2], axis=-1) / pixels_per_input
    assert distance[on_map].max() <= 2.0 * np.sqrt(2) + 1e-3


def test_a_flipped_real_person_has_its_left_where_the_mirror_shows_it(real: People) -> None:
    data = PeopleTrainingSet(real, Codec((256, 192)), Augmentation())
    for person in real.people[:20]:
        image, joints = data.sample(person, Draw(rotation_deg=15.0))
        mirrored, swapped = data.sample(person, Draw(rotation_deg=15.0, flip=True))
        expected = joints[real.skeleton.flip_order] * (-1, 1, 1) + (191, 0, 0)
        assert np.allclose(swapped, expected, atol=1e-3)
        assert np.abs(mirrored.astype(int) - image[:, ::-1]).mean() < 1.0

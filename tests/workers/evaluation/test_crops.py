"""Crops are cut once, in order, and can be shared."""

from __future__ import annotations

import pickle
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import workers.evaluation.crops as crops_module
from workers.data.crop import apply_affine, crop, crop_affine
from workers.data.images import read_image
from workers.data.people import People
from workers.errors import DataError
from workers.evaluation.crops import prepare_crops

INPUT_HW = (64, 48)


def test_each_person_is_cut_out_as_the_crop_of_its_own_box(people: People) -> None:
    crops = prepare_crops(people, INPUT_HW)
    assert crops.images.shape == (4, 64, 48, 3)
    assert crops.images.dtype == np.uint8
    for image, affine, person in zip(crops.images, crops.affines, people.people, strict=True):
        expected = crop_affine(person.box_xywh_px, INPUT_HW)
        np.testing.assert_array_equal(affine, expected)
        np.testing.assert_array_equal(image, crop(read_image(person.image_path), expected, INPUT_HW))


def test_rows_keep_the_order_of_the_people_and_their_ids(people: People) -> None:
    crops = prepare_crops(people, INPUT_HW)
    assert crops.annotation_ids.tolist() == [0, 5, 3, 9]
    assert crops.image_ids.tolist() == [7, 7, 2, 4]
    assert crops.box_scores.tolist() == [1, 1, 1, 1]
    assert len(crops) == 4


def test_the_affine_takes_the_box_centre_to_the_centre_of_the_crop(people: People) -> None:
    x, y, width, height = people.people[1].box_xywh_px
    affine = prepare_crops(people, INPUT_HW).affines[1]
    centre = np.array([[x + width / 2, y + height / 2]])
    np.testing.assert_allclose(apply_affine(centre, affine), [[24, 32]])


def test_the_arrays_travel_out_of_band_and_arrive_without_a_copy(people: People) -> None:
    """Pickle protocol 5, which Ray's object store is built on; what it hands out is read-only."""
    crops, buffers = prepare_crops(people, INPUT_HW), list[pickle.PickleBuffer]()
    data = pickle.dumps(crops, protocol=5, buffer_callback=buffers.append)
    arrived = pickle.loads(data, buffers=[bytes(buffer) for buffer in buffers])
    assert len(data) < 2000
    assert not arrived.images.flags.owndata
    assert not arrived.images.flags.writeable
    np.testing.assert_array_equal(arrived.images, crops.images)


def test_each_image_file_is_decoded_once(people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    decoded: list[str] = []

    def counted(path: str, stated_hw: tuple[int, int] | None = None) -> np.ndarray:
        decoded.append(Path(path).name)
        return read_image(path, stated_hw)

    monkeypatch.setattr(crops_module, "read_image", counted)
    prepare_crops(people, INPUT_HW)
    assert sorted(decoded) == ["2.png", "4.png", "7.png"]


def test_an_image_that_breaks_after_reading_is_named(people: People) -> None:
    Path(people.people[2].image_path).write_bytes(b"no longer an image")
    with pytest.raises(DataError, match=r"cannot decode image .*2\.png"):
        prepare_crops(people, INPUT_HW)


def test_an_image_that_vanishes_after_reading_is_named(people: People) -> None:
    Path(people.people[2].image_path).unlink()
    with pytest.raises(DataError, match=r"cannot read image .*2\.png"):
        prepare_crops(people, INPUT_HW)


def test_nobody_to_evaluate_is_refused(people: People) -> None:
    with pytest.raises(DataError, match="nobody to evaluate: 0 people from person_keypoints_val2017"):
        prepare_crops(replace(people, people=()), INPUT_HW)

"""Crops in Ray's object store: the same as those cut out here, whatever the chunks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import ray
import torch

from workers.data.people import People
from workers.errors import DataError
from workers.evaluation.crops import prepare_crops
from workers.evaluation.on_ray_crops import SharedImages, _chunk_rows, share_crops
from workers.search.evaluator import shared_tensors

HW = (256, 192)
CROP_BYTES = 256 * 192 * 3
STORE_BYTES = 80 << 20


@pytest.fixture(scope="module", autouse=True)
def session() -> Iterator[None]:
    ray.init(
        address="local", num_cpus=2, object_store_memory=STORE_BYTES, include_dashboard=False,
        log_to_driver=False,
    )  # fmt: skip
    yield
    ray.shutdown()


def test_the_people_of_an_image_stay_together() -> None:
    paths = ["a", "b", "a", "c", "c", "c", "d"]
    assert [rows.tolist() for rows in _chunk_rows(paths, room=2)] == [[0, 2], [1], [3, 4, 5], [6]]
    assert [rows.tolist() for rows in _chunk_rows(paths, room=9)] == [[0, 2, 1, 3, 4, 5, 6]]


def test_shared_crops_are_those_cut_out_here(people: People) -> None:
    plain = prepare_crops(people, HW)
    shared = share_crops(people, HW, chunk_bytes=2 * CROP_BYTES, box_scores=np.array([0.1, 0.2, 0.3, 0.4]))
    assert len(shared.images.chunks) == 2
    row_of = {number: row for row, number in enumerate(plain.annotation_ids)}
    order = [row_of[number] for number in shared.annotation_ids]
    assert sorted(order) == [0, 1, 2, 3]
    np.testing.assert_array_equal(shared.images[0:4], plain.images[order])
    np.testing.assert_array_equal(shared.affines, plain.affines[order])
    np.testing.assert_allclose(shared.box_scores, np.array([0.1, 0.2, 0.3, 0.4])[order])


def test_any_slice_is_that_of_the_whole() -> None:
    whole = np.arange(7, dtype=np.uint8).repeat(2).reshape(7, 2)
    images = SharedImages([ray.put(part) for part in np.split(whole, [3, 4])], [3, 1, 3])
    for start in range(8):
        for stop in range(start, 9):
            np.testing.assert_array_equal(images[start:stop], whole[start:stop])


def test_an_image_that_breaks_is_named_without_rays_own_words(people: People) -> None:
    Path(people.people[2].image_path).unlink()
    with pytest.raises(DataError, match=r"^cannot read image .*2\.png[^\n]*$"):
        share_crops(people, HW, chunk_bytes=2 * CROP_BYTES)


def test_more_crops_than_the_memory_holds_are_spilled_and_come_back(people: People) -> None:
    many = replace(people, people=tuple(people.people[row % 4] for row in range(800)))
    assert 800 * CROP_BYTES > 1.3 * STORE_BYTES
    by_file = [replace(people, people=many.people[start : start + 80]) for start in range(0, 800, 80)]
    parts = [share_crops(part, HW, chunk_bytes=80 * CROP_BYTES).images for part in by_file]
    chunks = [chunk for part in parts for chunk in part.chunks]
    counts = [stop - start for part in parts for start, stop in pairwise(part.starts)]
    images = SharedImages(chunks, counts)
    expected = prepare_crops(people, HW)
    for start in (0, 400, 799):
        found = images[start : start + 1][0]
        assert any((found == image).all() for image in expected.images)


def test_weights_are_mapped_and_not_copied() -> None:
    """Every reader's tensors lie where Ray maps the store: read-only memory, at one address for all gets."""
    weights = {"a": np.arange(1 << 16, dtype=np.float32), "b": np.array(3)}
    reference: Any = ray.put(weights)
    mapped, again = ray.get(reference), ray.get(reference)
    tensor = shared_tensors(mapped)["a"]
    assert not mapped["a"].flags.writeable
    assert tensor.data_ptr() == mapped["a"].ctypes.data == again["a"].ctypes.data
    assert torch.equal(tensor, torch.from_numpy(weights["a"]))

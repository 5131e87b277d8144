from __future__ import annotations

import os
import pickle
import resource
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from workers.data.batches.augment import Augmentation, Draw
from workers.data.batches.crop_cache import CropCache, cache_path
from workers.data.batches.crop_cache_build import cut_part, prepare_crop_cache
from workers.data.batches.people_set import PeopleTrainingSet
from workers.data.batches.reach import Reach, reach
from workers.data.coco import read_people
from workers.data.codec import Codec
from workers.data.crop import apply_affine, crop, crop_affine
from workers.data.people import People
from workers.errors import DataError

INPUT_HW = (64, 48)
CODEC = Codec(INPUT_HW, sigma=1.5)
LIVELY = Augmentation(scale_fraction=0.3, half_body_probability=0.5)


@pytest.fixture
def people(write_coco: Callable[..., Path]) -> People:
    return read_people(write_coco(people=11), "val2017")


def prepared(people: People, augmentation: Augmentation = LIVELY, said: list[str] | None = None) -> CropCache:
    say = (lambda _: None) if said is None else said.append
    return prepare_crop_cache(people, INPUT_HW, augmentation, processes=2, say=say)


def built(people: People, augmentation: Augmentation = LIVELY) -> bool:
    """Whether preparing it now means building."""
    said: list[str] = []
    prepared(people, augmentation, said)
    return bool(said)


def corners(draw: Draw, box: tuple[float, float, float, float]) -> np.ndarray:
    """(4, 2) the corners of a crop in image px."""
    affine = crop_affine(box, INPUT_HW, rotation_deg=draw.rotation_deg, scale=draw.scale, flip=draw.flip)
    inverse = cv2.invertAffineTransform(affine)
    return apply_affine(np.array([[0, 0], [47, 0], [0, 63], [47, 63]], dtype=float), inverse)


def test_the_reach_of_a_square_that_turns_fully_is_its_diagonal(people: People) -> None:
    person = replace(people.people[0], box_xywh_px=(50.0, 50.0, 40.0, 40.0))
    part = reach(person, (64, 64), Augmentation(rotation_deg=180), people.skeleton)
    half = 40 * 1.25 / 2 * np.sqrt(2)  # 35.4 px around (70, 70), and 2 for sampling
    assert part == Reach(int(70 - half - 2), int(70 - half - 2), 108, 108, scale=1.0)
    assert np.ceil(70 + half + 2) == 108


def test_without_augmentation_the_reach_is_the_padded_box(people: People) -> None:
    person = replace(people.people[0], box_xywh_px=(30.0, 20.0, 48.0, 64.0))
    still = Augmentation(rotation_deg=0, flip_probability=0)
    assert reach(person, INPUT_HW, still, people.skeleton) == Reach(22, 10, 86, 94, scale=1.0)


def test_a_person_with_more_pixels_than_crops_can_show_is_kept_smaller(people: People) -> None:
    person = replace(people.people[0], box_xywh_px=(0.0, 0.0, 480.0, 640.0))
    still = Augmentation(rotation_deg=0, flip_probability=0)
    assert reach(person, INPUT_HW, still, people.skeleton).scale == pytest.approx(1.5 / 12.5)
    closer = replace(still, scale_fraction=0.5)  # shows half as much, so twice as dense
    assert reach(person, INPUT_HW, closer, people.skeleton).scale == pytest.approx(3.0 / 12.5)


def test_every_crop_that_can_be_drawn_lies_within_reach(people: People) -> None:
    rng = np.random.default_rng(0)
    for person in people.people:
        part = reach(person, INPUT_HW, LIVELY, people.skeleton)
        for draw in LIVELY.draw_many(rng, 50):
            shown = corners(draw, person.box_xywh_px)
            assert (shown >= (part.left + 1, part.top + 1)).all()
            assert (shown <= (part.right - 2, part.bottom - 2)).all()


def test_a_smaller_copy_keeps_points_where_they_are() -> None:
    image = np.zeros((100, 120, 3), np.uint8)
    image[40:60, 30:70] = 255
    pixels, affine = cut_part(image, Reach(-10, 20, 90, 80, scale=0.5))
    assert pixels.shape == (30, 45, 3)
    corners_of_white = np.array([[29.5, 39.5], [69.5, 59.5]])
    assert apply_affine(corners_of_white, affine).tolist() == [[14.5, 9.5], [34.5, 19.5]]
    assert pixels[10:20, 15:35].min() == 255
    assert pixels.sum() == 255 * 3 * 20 * 10


def test_crops_from_the_cache_are_those_from_the_images_where_these_are_small(people: People) -> None:
    plain, cached = (PeopleTrainingSet(people, CODEC, LIVELY, crop_cache=cache) for cache in (False, True))
    rng = np.random.default_rng(1)
    for person in people.people:
        if reach(person, INPUT_HW, LIVELY, people.skeleton).scale < 1:
            continue
        for draw in LIVELY.draw_many(rng, 20):
            image, joints = plain.sample(person, draw)
            other, same_joints = cached.sample(person, draw)
            assert (joints == same_joints).all()
            assert np.abs(image.astype(int) - other).mean() < 0.05


def test_crops_from_real_people_are_as_good_from_the_cache_as_from_the_image(
    shared: Path, tmp_path: Path
) -> None:
    root = tmp_path / "coco"
    shutil.copytree(shared / "data" / "coco_mini" / "annotations", root / "annotations")
    os.symlink(shared / "data" / "coco_mini" / "val2017", root / "val2017")
    everybody = read_people(root, "val2017", check_images=False)
    people = replace(everybody, people=everybody.people[:60])
    codec, augmentation = Codec((256, 192)), Augmentation(scale_fraction=0.2)
    plain, cached = (
        PeopleTrainingSet(people, codec, augmentation, crop_cache=cache) for cache in (False, True)
    )
    rng = np.random.default_rng(0)
    shrunk: list[float] = []
    for person in people.people:
        draw = augmentation.draw(rng)
        image, stored = (data.sample(person, draw)[0].astype(int) for data in (plain, cached))
        if reach(person, codec.input_hw, augmentation, people.skeleton).scale == 1:
            assert np.abs(image - stored).mean() < 0.01
            continue
        truth = _many_samples(plain.images.read(person.image_path), person.box_xywh_px, draw, codec.input_hw)
        shrunk.append(np.abs(stored - truth).mean() - np.abs(image - truth).mean())
    assert len(shrunk) >= 5
    assert max(shrunk) < 0.1


def _many_samples(
    image: np.ndarray, box: tuple[float, float, float, float], draw: Draw, input_hw: tuple[int, int]
) -> np.ndarray:
    """The crop with 16 samples a pixel."""
    affine = 4 * crop_affine(
        box, input_hw, rotation_deg=draw.rotation_deg, scale=draw.scale, flip=draw.flip
    ) + (0, 0, 1.5)  # fmt: skip
    large = crop(image, affine, (4 * input_hw[0], 4 * input_hw[1]))
    return cv2.resize(large, (input_hw[1], input_hw[0]), interpolation=cv2.INTER_AREA).astype(int)


def test_a_finished_cache_is_used_again_and_leaves_nothing_beside_it(people: People) -> None:
    assert built(people)
    assert not built(people)
    path = cache_path(people, INPUT_HW, LIVELY)
    assert {file.name for file in path.parent.iterdir()} == {path.name, path.name + ".lock"}


def test_other_annotations_or_images_make_it_anew_and_other_augmentations_have_their_own(
    people: People,
) -> None:
    built(people)
    moved = replace(people.people[3], box_xywh_px=(41.0, 20.0, 60.0, 80.0))
    changed = replace(people, people=(*people.people[:3], moved, *people.people[4:]))
    assert built(changed)
    assert not built(changed)
    turned = replace(LIVELY, rotation_deg=10.0)
    assert built(changed, turned)
    assert not built(changed)
    assert not built(changed, replace(turned, flip_probability=0.0))  # mirrors what is there anyway
    with open(people.people[0].image_path, "ab") as file:
        file.write(b"\0")
    assert built(changed)


@pytest.mark.parametrize("size", [0, 10, 5000, -1])
def test_a_torn_cache_is_made_anew(people: People, size: int) -> None:
    first = prepared(people)
    before = [first.view(row, person)[0] for row, person in enumerate(people.people)]
    content = first.path.read_bytes()
    os.replace(_file(first.path.with_name("torn"), content[:size]), first.path)
    assert built(people)
    again = prepared(people)
    for row, person in enumerate(people.people):
        assert (again.view(row, person)[0] == before[row]).all()


def _file(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def test_of_many_that_want_it_at_once_one_builds(people: People) -> None:
    said: list[str] = []
    ranks = [threading.Thread(target=prepared, args=(people, LIVELY, said)) for _ in range(4)]
    for rank in ranks:
        rank.start()
    for rank in ranks:
        rank.join()
    assert sum("decoding 11 people" in line for line in said) == 1


def test_it_travels_to_another_process_by_name(people: People) -> None:
    cache = prepared(people)
    sent = pickle.dumps(cache)
    assert len(sent) < 1000
    person = people.people[2]
    assert (pickle.loads(sent).view(2, person)[0] == cache.view(2, person)[0]).all()
    cache.path.unlink()
    with pytest.raises(DataError, match="has changed"):
        pickle.loads(sent)


def test_a_disk_that_will_not_hold_it_is_refused_in_one_line(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=1000))
    with pytest.raises(DataError, match=r"about .* GiB more, but the disk has 0\.00 GiB left") as refused:
        prepared(people)
    assert "\n" not in str(refused.value)
    assert not list(cache_path(people, INPUT_HW, LIVELY).parent.glob("*.part"))


def test_a_disk_that_fills_up_while_it_is_built_is_refused_in_one_line(people: People) -> None:
    with _files_of_at_most(50_000), pytest.raises(DataError, match=r"cannot grow: .*without it") as refused:
        prepared(people)
    assert "\n" not in str(refused.value)
    assert built(people)


@contextmanager
def _files_of_at_most(size: int) -> Iterator[None]:
    """The processes that this one starts get it too: to them it is a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_an_image_that_cannot_be_read_is_named(people: People) -> None:
    Path(people.people[5].image_path).write_text("overwritten")
    with pytest.raises(DataError, match=r"cannot decode image .*000000000006\.jpg"):
        prepared(people)
    assert not cache_path(people, INPUT_HW, LIVELY).exists()

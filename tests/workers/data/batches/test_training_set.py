from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from spaces.streams import Stream, generator
from workers.data.batches.augment import Augmentation, Draw
from workers.data.batches.people_set import PeopleTrainingSet
from workers.data.batches.training_set import Batch, TrainingSet
from workers.data.coco import read_people
from workers.data.codec import Codec
from workers.data.skeleton import COCO17
from workers.errors import DataError, TrainingError

CODEC = Codec((64, 48), sigma=1.5)
ARRAYS = ("images", "targets", "weights")
LIVELY = Augmentation(scale_fraction=0.3, half_body_probability=0.3)


@pytest.fixture
def root(write_coco: Callable[..., Path]) -> Path:
    return write_coco(people=11)


def training_set(root: Path, augmentation: Augmentation = LIVELY, **options: int) -> TrainingSet:
    return PeopleTrainingSet(read_people(root, "val2017"), CODEC, augmentation, **options)  # type: ignore[arg-type]


def joined(batches: list[Batch]) -> Batch:
    images, targets, weights = (np.concatenate([getattr(b, name) for b in batches]) for name in ARRAYS)
    return Batch(images, targets, weights)


def same(one: Batch, other: Batch) -> bool:
    return all((getattr(one, n) == getattr(other, n)).all() for n in ARRAYS)


def test_an_epoch_is_whole_batches_of_distinct_people(root: Path) -> None:
    data = training_set(root)
    batches = list(data.batches(seed=0, epoch=0, batch_size=4))
    assert len(batches) == data.steps_per_epoch(4) == 2
    assert batches[0].images.shape == (4, 64, 48, 3)
    assert batches[0].images.dtype == np.uint8
    assert batches[0].targets.shape == (4, 17, 16, 12)
    assert batches[0].weights.shape == (4, 17)
    assert len(np.unique(data.order(0, 0, 4))) == 8


def test_fewer_people_than_a_batch_repeat_in_one_full_batch(root: Path) -> None:
    data = training_set(root)
    [batch] = data.batches(seed=0, epoch=0, batch_size=30)
    assert len(batch.images) == 30
    assert np.bincount(data.order(0, 0, 30)[0], minlength=11).min() >= 2
    first, second = np.flatnonzero(data.order(0, 0, 30)[0] == 0)[:2]
    assert (batch.images[first] != batch.images[second]).any()


def test_every_step_has_draws_of_its_own(root: Path) -> None:
    data = training_set(root, Augmentation(flip_probability=0.0))
    people = data.people.people
    one, two = data.batches(0, 0, 5)
    for step, batch in enumerate((one, two)):
        for slot, image in enumerate(batch.images):
            plain, _ = data.sample(people[data.order(0, 0, 5)[step, slot]], Draw())
            assert (image != plain).any()
    turns = [data.augmentation.draw_many(generator(Stream.AUGMENTATION, 0, 0, step), 5) for step in (0, 1)]
    assert not {draw.rotation_deg for draw in turns[0]} & {draw.rotation_deg for draw in turns[1]}
    expected, _ = data.sample(people[data.order(0, 0, 5)[1, 0]], turns[1][0])
    assert (two.images[0] == expected).all()


def test_epochs_and_seeds_differ_and_repeat_exactly(root: Path) -> None:
    data = training_set(root)
    first, again = (joined(list(data.batches(5, 1, 4))) for _ in range(2))
    assert same(first, again)
    assert not same(first, joined(list(data.batches(5, 2, 4))))
    assert not same(first, joined(list(data.batches(6, 1, 4))))


def test_a_resumed_epoch_draws_what_the_uninterrupted_one_would_have(root: Path) -> None:
    whole = list(training_set(root).batches(seed=3, epoch=2, batch_size=3))
    resumed = list(training_set(root).batches(seed=3, epoch=2, batch_size=3, start_step=1))
    assert len(resumed) == 2
    assert all(same(one, other) for one, other in zip(whole[1:], resumed, strict=True))


@pytest.mark.parametrize("world_size", [2, 3, 5])
def test_the_ranks_together_draw_the_global_batch(root: Path, world_size: int) -> None:
    data = training_set(root)
    alone = list(data.batches(seed=1, epoch=0, batch_size=5))
    ranks = [list(data.batches(1, 0, 5, rank=r, world_size=world_size)) for r in range(world_size)]
    for step, batch in enumerate(alone):
        parts = [rank[step] for rank in ranks]
        assert same(batch, joined(parts))
        assert sum(part.share for part in parts) == pytest.approx(1.0)
        assert max(len(p.images) for p in parts) - min(len(p.images) for p in parts) <= 1


def test_threads_and_memory_change_nothing_but_speed(root: Path) -> None:
    plain = joined(list(training_set(root).batches(0, 0, 4)))
    assert same(plain, joined(list(training_set(root, threads=3).batches(0, 0, 4))))
    forgetful = training_set(root, memory_bytes=0)
    assert same(plain, joined(list(forgetful.batches(0, 0, 4))))
    assert forgetful.images.kept_bytes == 0


def test_a_flip_maps_left_to_right(root: Path) -> None:
    data = training_set(root)
    person = data.people.people[0]
    image, joints = data.sample(person, Draw())
    mirrored, swapped = data.sample(person, Draw(flip=True))
    assert np.abs(mirrored.astype(int) - image[:, ::-1]).max() <= 3
    left, right = COCO17.names.index("left_wrist"), COCO17.names.index("right_wrist")
    assert swapped[right, 0] == pytest.approx(47 - joints[left, 0], abs=1e-4)
    assert swapped[right, 1] == pytest.approx(joints[left, 1], abs=1e-4)


def test_half_body_needs_enough_labelled_joints(root: Path) -> None:
    data = training_set(root)
    person = data.people.people[0]
    whole, half = (data.sample(person, Draw(half_body=half))[1] for half in (False, True))
    assert not np.allclose(whole, half)
    strict = training_set(root, Augmentation(half_body_min_joints=18))
    assert np.allclose(strict.sample(person, Draw(half_body=True))[1], whole)


def test_without_augmentation_the_order_alone_changes(root: Path) -> None:
    data = training_set(root, Augmentation(rotation_deg=0.0, flip_probability=0.0))
    epochs = [joined(list(data.batches(0, epoch, 11))) for epoch in (0, 1)]
    back = [batch.images[np.argsort(data.order(0, epoch, 11)[0])] for epoch, batch in enumerate(epochs)]
    assert (back[0] == back[1]).all()
    assert not same(*epochs)


def test_an_image_that_breaks_during_training_stops_it_by_name(root: Path) -> None:
    data = training_set(root, memory_bytes=0)
    for path in (root / "val2017").iterdir():
        path.write_text("overwritten")
    with pytest.raises(DataError, match=r"cannot decode image .*\.jpg"):
        list(data.batches(0, 0, 4))


def test_more_ranks_than_samples_are_refused(root: Path) -> None:
    with pytest.raises(TrainingError, match=r"world_size 5, batch_size 4\. Enlarge the batch"):
        training_set(root).batches(0, 0, 4, rank=0, world_size=5)

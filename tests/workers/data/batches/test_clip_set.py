from __future__ import annotations

import numpy as np
import pytest

from spaces.streams import Stream, generator
from workers.data.batches.augment import Augmentation, Draw
from workers.data.batches.clip_set import ClipTrainingSet
from workers.data.batches.training_set import Batch
from workers.data.clips import Clips, training_clips
from workers.data.codec import Codec
from workers.data.synthetic.config import SyntheticConfig
from workers.data.synthetic.dataset import write_synthetic_dataset
from workers.data.tracks import read_tracks

CODEC = Codec((64, 48))
AUGMENTATION = Augmentation(scale_fraction=0.2, half_body_probability=0.5)


@pytest.fixture(scope="session")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Clips:
    """A dozen clips of three frames."""
    config = SyntheticConfig(clips=4, frames_per_clip=4, people_per_clip=2, width_px=160, height_px=120)
    root = write_synthetic_dataset(tmp_path_factory.mktemp("clips") / "data", config)
    return training_clips(read_tracks(root / "posetrack18", "train"), 3)


@pytest.fixture(scope="session")
def data(clips: Clips) -> ClipTrainingSet:
    return ClipTrainingSet(clips, CODEC, AUGMENTATION)


def drawn(data: ClipTrainingSet, batch_size: int, **options: int) -> list[Batch]:
    with data.batches(seed=3, epoch=1, batch_size=batch_size, **options) as batches:
        return list(batches)


def test_the_frames_of_a_clip_follow_each_other_and_share_one_draw(data: ClipTrainingSet) -> None:
    batch_size, step = 4, 1
    batch = drawn(data, batch_size)[step]
    order = data.order(3, 1, batch_size)[step]
    draws = AUGMENTATION.draw_many(generator(Stream.AUGMENTATION, 3, 1, step), batch_size)
    assert any(draw.half_body for draw in draws)
    images = batch.images.reshape(batch_size, 3, 64, 48, 3)
    targets = batch.targets.reshape(batch_size, 3, 17, 16, 12)
    for place, (sample, draw) in enumerate(zip(order, draws, strict=True)):
        for frame, person in enumerate(data.clips.clips[sample].frames):
            image, joints = data.sample(person, draw)
            assert np.array_equal(images[place, frame], image)
            assert np.array_equal(targets[place, frame], CODEC.encode(joints[None])[0][0])


def test_an_epoch_shows_every_clip_once(data: ClipTrainingSet) -> None:
    assert sorted(data.order(0, 0, 1).ravel()) == list(range(len(data.clips)))
    assert data.steps_per_epoch(5) == len(data.clips) // 5


def test_ranks_divide_the_clips_of_a_batch_and_their_shares_add_up(data: ClipTrainingSet) -> None:
    whole = drawn(data, 5)[0]
    parts = [drawn(data, 5, rank=rank, world_size=2)[0] for rank in range(2)]
    assert [len(part.images) for part in parts] == [6, 9]
    assert [part.share for part in parts] == [0.4, 0.6]
    for name in ("images", "targets", "weights"):
        together = np.concatenate([getattr(part, name) for part in parts])
        assert np.array_equal(together, getattr(whole, name))


def test_a_resumed_epoch_goes_on_with_the_same_clips(data: ClipTrainingSet) -> None:
    whole, rest = drawn(data, 4), drawn(data, 4, start_step=2)
    assert len(rest) == len(whole) - 2 > 0
    assert all(np.array_equal(one.images, other.images) for one, other in zip(whole[2:], rest, strict=True))


def test_threads_make_the_same_batches(clips: Clips, data: ClipTrainingSet) -> None:
    other = ClipTrainingSet(clips, CODEC, AUGMENTATION, threads=2)
    for one, same in zip(drawn(data, 5), drawn(other, 5), strict=True):
        assert np.array_equal(one.images, same.images)


def test_a_clip_is_halved_in_all_its_frames_or_in_none(clips: Clips) -> None:
    clip = clips.clips[0]
    labelled = [int((person.keypoints[:, 2] > 0).sum()) for person in clip.frames]
    always = Draw(half_body=True, upper=True)
    for least, halved in ((min(labelled), True), (min(labelled) + 1, False)):
        augmentation = Augmentation(half_body_min_joints=least)
        plan = ClipTrainingSet(clips, CODEC, augmentation)._planned(0, always)
        assert [planned.draw.half_body for planned in plan] == [halved] * 3
        assert [planned.row for planned in plan] == list(clip.rows)

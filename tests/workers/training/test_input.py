"""The ways in which a training can be fed: they change its speed and memory alone."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from spaces.errors import BoundError
from workers.data.batches.augment import Augmentation
from workers.data.coco import read_people
from workers.data.people import People
from workers.training.config import SpatialTask, TrainConfig
from workers.training.parallel.ranks import Ranks
from workers.training.tasks.supernet import SupernetTraining

RECIPE = TrainConfig(
    epochs=2, batch_size=8, warmup_steps=0, random_subnets=1, augmentation=Augmentation(rotation_deg=15)
)


@pytest.fixture
def people(synthetic_root: Path, tmp_path: Path) -> People:
    """Of a folder of their own, for a cache is left there."""
    root = tmp_path / "data"
    shutil.copytree(synthetic_root, root)
    return read_people(root, "train2017")


def losses(people: People, recipe: TrainConfig, steps: int = 5) -> list[float]:
    task = SpatialTask(
        space="mobilenetv3-small", input_hw=(64, 64), sigma_cells=1.5, seed=0, train=recipe
    )  # fmt: skip
    torch.manual_seed(0)
    training = SupernetTraining(task, people, Ranks())
    training.data.say = lambda _: None
    reports = [report for report, _ in zip(training.steps(), range(steps), strict=False)]
    training.data.close()
    return [report.loss_biggest for report in reports]


def test_processes_change_no_bit_of_a_training(people: People) -> None:
    assert losses(people, RECIPE) == losses(people, replace(RECIPE, loader_processes=2))


def test_a_training_from_packed_crops_resembles_that_from_images(people: People) -> None:
    from_images, packed = losses(people, RECIPE), losses(people, replace(RECIPE, crop_cache=True))
    assert packed == pytest.approx(from_images, rel=0.2)  # the same pixels, but for aliasing
    assert list((people.annotation_path.parent.parent / "crop_cache").glob("*.crops"))
    assert losses(people, replace(RECIPE, crop_cache=True, loader_processes=1)) == packed


def test_less_than_no_process_is_refused() -> None:
    with pytest.raises(BoundError, match=r"loader_processes must be at least 0, but it is -1"):
        replace(RECIPE, loader_processes=-1)

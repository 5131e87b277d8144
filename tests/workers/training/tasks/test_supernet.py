from __future__ import annotations

import threading
from itertools import islice
from pathlib import Path

import pytest
import torch
from torch import Tensor

from workers.data.coco import read_people
from workers.training.config import SpatialTask, TrainConfig
from workers.training.loops.loop import StepReport
from workers.training.parallel.ranks import Ranks
from workers.training.tasks.supernet import SupernetTraining

STEPS = 6  # two epochs of three


def training(root: Path) -> SupernetTraining:
    train = TrainConfig(epochs=2, batch_size=8, warmup_steps=2, random_subnets=1)
    task = SpatialTask(space="mobilenetv3-small", input_hw=(64, 32), sigma_cells=1.5, seed=5, train=train)
    return SupernetTraining(task, read_people(root, "train2017"), Ranks())


@pytest.fixture(scope="module")
def whole(synthetic_root: Path) -> tuple[SupernetTraining, list[StepReport]]:
    run = training(synthetic_root)
    return run, list(run.steps())


def assert_same_bits(found: dict[str, Tensor], expected: dict[str, Tensor]) -> None:
    for name, value in expected.items():
        assert torch.equal(found[name], value), name


@pytest.mark.parametrize("step", range(STEPS))
def test_a_training_resumed_at_any_step_equals_the_uninterrupted_one_bit_for_bit(
    whole: tuple[SupernetTraining, list[StepReport]], synthetic_root: Path, tmp_path: Path, step: int
) -> None:
    uninterrupted, reports = whole
    first = training(synthetic_root)
    before = list(islice(first.steps(), step))
    torch.save(first.state(), tmp_path / "state.pt")
    second = training(synthetic_root)
    second.load(torch.load(tmp_path / "state.pt", weights_only=True))
    assert (second.step, second.epoch) == (step, step // 3)
    after = list(second.steps())
    assert [r.loss_random for r in before + after] == [r.loss_random for r in reports]
    assert_same_bits(second.supernet.state_dict(), uninterrupted.supernet.state_dict())
    moments = [s["exp_avg_sq"] for s in second.update.optimizer.state_dict()["state"].values()]
    expected = [s["exp_avg_sq"] for s in uninterrupted.update.optimizer.state_dict()["state"].values()]
    assert all(torch.equal(a, b) for a, b in zip(moments, expected, strict=True))


def test_training_changes_the_weights_it_began_with(
    whole: tuple[SupernetTraining, list[StepReport]], synthetic_root: Path
) -> None:
    fresh = training(synthetic_root).supernet.state_dict()
    trained = whole[0].supernet.state_dict()
    assert any(not torch.equal(fresh[name], weight) for name, weight in trained.items())


def test_every_step_is_reported_across_epochs_and_the_loss_falls(
    whole: tuple[SupernetTraining, list[StepReport]],
) -> None:
    run, reports = whole
    assert run.finished
    assert [report.step for report in reports] == list(range(STEPS))
    assert [report.epoch for report in reports] == [0, 0, 0, 1, 1, 1]
    assert {report.steps for report in reports} == {STEPS}
    assert reports[-1].loss_biggest < reports[0].loss_biggest
    assert all(report.images_per_s > 0 and 0 <= report.data_wait_share <= 1 for report in reports)


def test_leaving_the_steps_early_ends_the_prefetching_and_later_steps_go_on(synthetic_root: Path) -> None:
    run = training(synthetic_root)
    steps = run.steps()
    next(steps)
    steps.close()
    assert not [thread for thread in threading.enumerate() if thread.name == "prefetch"]
    assert [report.step for report in run.steps()] == list(range(1, STEPS))

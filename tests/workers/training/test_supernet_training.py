from __future__ import annotations

from pathlib import Path

import torch

from workers.data.coco import read_people
from workers.training.config import SpatialTask, TrainConfig
from workers.training.ranks import Ranks
from workers.training.supernet_training import StepReport, SupernetTraining


def training(root: Path) -> SupernetTraining:
    train = TrainConfig(epochs=2, batch_size=8, warmup_steps=2, random_subnets=1)
    task = SpatialTask(
        space="mobilenetv3-small", input_hw=(64, 32), sigma_cells=1.5, seed=5, train=train
    )
    return SupernetTraining(task, read_people(root, "train2017"), Ranks())


def test_a_resumed_training_equals_the_uninterrupted_one(made_root: Path, tmp_path: Path) -> None:
    whole = training(made_root)
    while not whole.finished:
        whole.run_epoch()

    first = training(made_root)
    first.run_epoch()
    torch.save(first.state(), tmp_path / "state.pt")
    second = training(made_root)
    second.load(torch.load(tmp_path / "state.pt", weights_only=True))
    assert second.epoch == 1
    second.run_epoch()
    assert second.epoch == 2
    for name, weight in whole.supernet.state_dict().items():
        assert torch.equal(weight, second.supernet.state_dict()[name]), name
    fresh = training(made_root).supernet.state_dict()
    assert any(not torch.equal(fresh[name], weight) for name, weight in whole.supernet.state_dict().items())


def test_every_step_is_reported_and_the_loss_falls(made_root: Path) -> None:
    run = training(made_root)
    reports: list[StepReport] = []
    while not run.finished:
        run.run_epoch(reports.append)
    assert [report.step for report in reports] == list(range(reports[0].steps))
    assert reports[-1].loss_biggest < reports[0].loss_biggest
    assert all(report.images_per_s > 0 and 0 <= report.data_wait_share <= 1 for report in reports)

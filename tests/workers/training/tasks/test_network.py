"""One network trained alone: the recipe's loop, from new weights or from the supernet's slice."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from spaces.initialise import initialise
from spaces.registry import build_space
from workers.data.batches.people_set import PeopleTrainingSet
from workers.data.coco import read_people
from workers.data.codec import Codec
from workers.data.normalise import to_input
from workers.training.config import SpatialTask, TrainConfig
from workers.training.loops.loss import heatmap_loss
from workers.training.parallel.ranks import Ranks
from workers.training.tasks.network import NetworkTraining, Start, slice_of

INPUT_HW = (64, 32)
SPACE = build_space("mobilenetv3-small", 17, INPUT_HW)
SCRATCH = Start(architecture=SPACE.smallest())


def training(root: Path, start: Start = SCRATCH, **fields: Any) -> NetworkTraining:
    train = replace(TrainConfig(epochs=3, batch_size=8, warmup_steps=2, precision="float32"), **fields)
    task = SpatialTask(space=SPACE.name, input_hw=INPUT_HW, sigma_cells=1.5, seed=5, train=train)
    return NetworkTraining(task, read_people(root, "train2017"), start, Ranks())


def finish(run: NetworkTraining) -> list[float]:
    return [report.loss_biggest for report in run.steps()]


def test_the_steps_are_those_of_a_plain_loop_with_adam(synthetic_root: Path) -> None:
    run = training(synthetic_root, epochs=1, warmup_steps=0)
    people = read_people(synthetic_root, "train2017")
    data = PeopleTrainingSet(people, Codec(INPUT_HW, 1.5), run.task.train.augmentation)
    network = initialise(SPACE.network(SCRATCH.architecture), seed=5).train()
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimizer = torch.optim.Adam(network.parameters(), 1e-3, fused=True)
    expected = []
    for batch in data.batches(5, 0, 8):
        loss = heatmap_loss(
            network(to_input(batch.images)), torch.from_numpy(batch.targets), torch.from_numpy(batch.weights)
        )
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        expected.append(loss.item())
    assert finish(run) == pytest.approx(expected, rel=1e-6)
    for name, weight in network.state_dict().items():
        assert torch.allclose(run.network.state_dict()[name], weight, atol=1e-6), name


def test_the_loss_falls_and_is_reported_as_every_subnets(synthetic_root: Path) -> None:
    run = training(synthetic_root)
    reports = list(run.steps())
    assert run.finished
    assert [report.step for report in reports] == list(range(run.total_steps))
    assert reports[-1].loss_biggest < 0.9 * reports[0].loss_biggest
    assert all(one.loss_biggest == one.loss_smallest == one.loss_random for one in reports)


def test_a_resumed_training_equals_the_uninterrupted_one(synthetic_root: Path, tmp_path: Path) -> None:
    whole = training(synthetic_root)
    finish(whole)
    first = training(synthetic_root)
    steps = first.steps()
    for _ in range(4):  # in mid-epoch
        next(steps)
    steps.close()
    torch.save(first.state(), tmp_path / "state.pt")
    second = training(synthetic_root)
    second.load(torch.load(tmp_path / "state.pt", weights_only=True))
    assert second.step == 4
    finish(second)
    for name, weight in whole.network.state_dict().items():
        assert torch.equal(weight, second.network.state_dict()[name]), name


def test_a_slice_of_the_supernet_is_where_training_starts(synthetic_root: Path) -> None:
    supernet = initialise(SPACE.supernet(), seed=1, sigma=0.2)
    weights = slice_of(SPACE, supernet.state_dict(), SPACE.smallest())
    run = training(synthetic_root, Start(architecture=SPACE.smallest(), weights=weights))
    images = torch.rand(2, 3, *INPUT_HW, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        own = run.network.eval()(images)
        shared = supernet.eval()(images, SPACE.smallest())
    assert own.std() > 1e-4
    assert torch.allclose(own, shared, atol=1e-3 * own.std().item())
    fresh = training(synthetic_root).network.state_dict()
    assert any(not torch.equal(fresh[name], weight) for name, weight in run.network.state_dict().items())


def test_training_leaves_the_weights_that_it_was_given_as_they_were(synthetic_root: Path) -> None:
    weights = SPACE.network(SPACE.smallest()).state_dict()
    before = {name: tensor.clone() for name, tensor in weights.items()}
    finish(training(synthetic_root, Start(architecture=SPACE.smallest(), weights=weights), epochs=1))
    assert all(torch.equal(weights[name], tensor) for name, tensor in before.items())

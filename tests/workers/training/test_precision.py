from __future__ import annotations

from itertools import islice
from pathlib import Path

import pytest
import torch
from torch import nn

from tests.workers.training.some_ranks import task
from workers.data.coco import read_people
from workers.training.parallel.ranks import Ranks
from workers.training.precision import compute_dtype, computing_in
from workers.training.tasks.supernet import SupernetTraining

CPU = torch.device("cpu")


def test_auto_is_float32_without_a_gpu_and_a_name_is_taken_at_its_word() -> None:
    assert compute_dtype("auto", CPU) == torch.float32
    assert compute_dtype("float32", CPU) == torch.float32
    assert compute_dtype("bfloat16", CPU) == torch.bfloat16


def test_a_network_computes_in_bfloat16_and_gives_float32() -> None:
    seen: list[torch.dtype] = []
    network = nn.Sequential(nn.Conv2d(3, 4, 1), nn.ReLU())
    network[1].register_forward_hook(lambda _, inputs, output: seen.append(output.dtype))
    images = torch.randn(2, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    exact, coarse = network(images), computing_in(torch.bfloat16, network, CPU)(images)
    assert seen == [torch.float32, torch.bfloat16]
    assert coarse.dtype == torch.float32
    assert not torch.equal(coarse, exact)
    torch.testing.assert_close(coarse, exact, rtol=2e-2, atol=2e-2)


def test_training_in_bfloat16_keeps_weights_and_gradients_in_float32_and_follows_the_losses(
    synthetic_root: Path,
) -> None:
    people = read_people(synthetic_root, "train2017")
    exact, coarse = (
        SupernetTraining(task(precision=precision, init_sigma=0.01), people, Ranks())
        for precision in ("float32", "bfloat16")
    )
    expected, found = (list(islice(training.steps(), 3)) for training in (exact, coarse))
    losses = [[report.loss_biggest for report in reports] for reports in (expected, found)]
    assert losses[0] != losses[1]
    assert losses[1] == pytest.approx(losses[0], rel=0.05)
    for parameter in coarse.supernet.parameters():
        assert parameter.dtype == torch.float32
        assert parameter.grad is None or parameter.grad.dtype == torch.float32

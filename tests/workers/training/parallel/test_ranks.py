"""Real processes over gloo against one process that sees the whole batch, or works out every share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from tests.workers.training.some_ranks import task, trained
from workers.data.coco import read_people
from workers.data.normalise import to_input
from workers.training.loops.sandwich import sandwich_at, sandwich_backward
from workers.training.parallel.ranks import Ranks
from workers.training.tasks.supernet import SupernetTraining

Trained = dict[str, Any]
LOSSES = ("loss_biggest", "loss_smallest", "loss_random")


def assert_equal_on_all(runs: list[Trained], part: str) -> None:
    for name, value in runs[0][part].items():
        assert all(torch.equal(value, run[part][name]) for run in runs), name


def furthest(found: dict[str, Tensor], expected: dict[str, Tensor]) -> float:
    """The largest difference between two runs' gradients, of which the largest is above 0.01."""
    assert found.keys() == expected.keys()
    assert max(gradient.abs().max().item() for gradient in expected.values()) > 1e-2
    return max((found[name] - gradient).abs().max().item() for name, gradient in expected.items())


@pytest.mark.parametrize(
    ("world_size", "batch_size", "double", "tolerance"),
    [
        (2, 7, True, 1e-12),  # free of rounding the two are the same computation
        (3, 8, True, 1e-12),
        (2, 8, False, 1e-5),
    ],
)
def test_the_gradients_of_several_workers_are_those_of_one_with_the_same_batch(
    synthetic_root: Path, on_ranks: Callable[..., list[Trained]],
    world_size: int, batch_size: int, double: bool, tolerance: float,
) -> None:  # fmt: skip
    recipe = {"batch_size": batch_size, "init_sigma": 0.1 if double else 0.001}
    options: dict[str, Any] = {"double": double, **recipe}
    several, alone = on_ranks(world_size, **options), trained(synthetic_root, Ranks(), **options)
    assert_equal_on_all(several, "gradients")
    assert_equal_on_all(several, "weights")
    assert furthest(several[0]["gradients"], alone["gradients"]) < tolerance
    for name in LOSSES:
        expected = pytest.approx(alone["reports"][0][name], rel=tolerance)
        assert [run["reports"][0][name] for run in several] == [expected] * world_size


def test_a_network_alone_has_the_gradients_and_running_statistics_of_the_global_batch(
    synthetic_root: Path, on_ranks: Callable[..., list[Trained]]
) -> None:
    options: dict[str, Any] = {"kind": "network", "double": True, "batch_size": 7}
    several, one = on_ranks(2, **options), trained(synthetic_root, Ranks(), **options)
    assert furthest(several[0]["gradients"], one["gradients"]) < 1e-12
    assert_equal_on_all(several, "weights")
    statistics = [name for name in one["weights"] if "running_" in name]
    assert len(statistics) > 20
    for name in statistics:
        torch.testing.assert_close(several[0]["weights"][name], one["weights"][name], rtol=1e-9, atol=1e-12)


def test_several_workers_follow_the_losses_of_one_over_the_epoch(
    synthetic_root: Path, on_ranks: Callable[..., list[Trained]]
) -> None:
    options: dict[str, Any] = {"steps": 3, "double": True}
    several, alone = on_ranks(2, **options), trained(synthetic_root, Ranks(), **options)
    for name in LOSSES:
        curves = [[report[name] for report in run["reports"]] for run in (*several, alone)]
        assert len(curves[0]) == 3
        assert curves[0] == curves[1]
        assert curves[0] == pytest.approx(curves[2], rel=1e-6)


@pytest.mark.parametrize("batch_size", [8, 7])  # equal and unequal shares
def test_without_shared_statistics_workers_take_the_mean_of_what_each_finds_by_itself(
    synthetic_root: Path, on_ranks: Callable[..., list[Trained]], batch_size: int
) -> None:
    several = on_ranks(2, batch_size=batch_size, sync_norm=False)
    alone = SupernetTraining(task(batch_size=batch_size), read_people(synthetic_root, "train2017"), Ranks())
    for rank in (0, 1):
        with alone.data.batches(5, 0, batch_size, rank, 2) as batches:
            batch = next(batches)
        sandwich_backward(
            alone.supernet,
            sandwich_at(alone.space, 5, 0, 2),
            to_input(batch.images),
            torch.from_numpy(batch.targets),
            torch.from_numpy(batch.weights),
            scale=batch.share,
        )
    expected = {n: p.grad for n, p in alone.supernet.named_parameters() if p.grad is not None}
    assert_equal_on_all(several, "gradients")
    assert_equal_on_all(several, "weights")
    assert furthest(several[0]["gradients"], expected) < 1e-5

    whole = trained(synthetic_root, Ranks(), batch_size=batch_size)["gradients"]
    assert furthest(several[0]["gradients"], whole) > 1e-3  # the global batch's gradient is another thing


def test_a_lone_worker_leaves_figures_as_they_are() -> None:
    assert Ranks().mean(1.5, 2.0) == [1.5, 2.0]

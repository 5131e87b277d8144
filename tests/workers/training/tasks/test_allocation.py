"""The found networks' training alone: its step by hand, resumed, on two workers, and without fusion."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.workers.training.some_clips import key_frame, read_clips, some_allocation
from tests.workers.training.some_ranks import task, trained
from workers.training.loops.feed import DeviceBatch, Feed
from workers.training.loops.loss import heatmap_loss
from workers.training.parallel.ranks import Ranks
from workers.training.tasks.allocation import AllocationTraining, weights_by_frame
from workers.weights.allocation import TrainedAllocation

BATCH = 4  # of eight clips


def training(root: Path, start: TrainedAllocation | None = None, **recipe: Any) -> AllocationTraining:
    recipe = {"batch_size": BATCH, "epochs": 2} | recipe
    return AllocationTraining(task(**recipe), read_clips(root), start or some_allocation(), Ranks())


def first_inputs(run: AllocationTraining) -> DeviceBatch:
    with Feed(run.data.batches(run.task.seed, 0, BATCH), run.device) as feed:
        return next(iter(feed))


def test_a_step_is_that_of_a_loop_written_out_over_the_frames(clips_root: Path) -> None:
    run, by_hand = training(clips_root), some_allocation().frame_networks()
    inputs = first_inputs(run)
    losses = run.backward(inputs, scale=1.0)

    images, target = inputs.images.view(BATCH, 3, 3, 64, 32), inputs.target.view(BATCH, 3, 17, 16, 8)
    weight = inputs.weight.view(BATCH, 3, 17)
    heatmaps, loss = key_frame().network()(images[:, 0]), torch.zeros(())
    for t, network in enumerate(by_hand, start=1):
        heatmaps = network.train()(images[:, t], heatmaps)
        loss = loss + heatmap_loss(heatmaps, target[:, t], weight[:, t])
    loss.backward()
    assert (2 * losses).tolist() == pytest.approx([loss.item()] * 3, rel=1e-5)
    for t, network in enumerate(by_hand):
        for name, parameter in network.named_parameters():
            found = run.network.get_parameter(f"frames.{t}.{name}").grad
            assert found is not None, name
            assert parameter.grad is not None, name
            torch.testing.assert_close(found, parameter.grad, rtol=1e-3, atol=1e-5)


def test_it_begins_with_the_given_weights_and_each_network_goes_its_own_way(clips_root: Path) -> None:
    start = some_allocation()
    run = training(clips_root, start)
    for before, now in zip(start.weights, weights_by_frame(run.network.state_dict(), 2), strict=True):
        assert before.keys() == now.keys()
        assert all(torch.equal(before[name], now[name]) for name in before)
    list(run.steps())
    first, second = weights_by_frame(run.network.state_dict(), 2)
    assert not torch.equal(first["cnn.final.weight"], start.weights[0]["cnn.final.weight"])
    assert second["cnn.final.weight"].shape != first["cnn.final.weight"].shape  # widths of their own
    fixed = run.start.network().state_dict()
    assert all(torch.equal(fixed[name], tensor) for name, tensor in key_frame().weights.items())


def test_the_loss_falls(clips_root: Path) -> None:
    reports = list(training(clips_root, epochs=8, learning_rate=3e-3).steps())
    assert reports[-1].loss_biggest < 0.8 * reports[0].loss_biggest
    assert reports[-1].loss_biggest == reports[-1].loss_smallest == reports[-1].loss_random


def test_resumed_in_mid_epoch_it_ends_as_the_uninterrupted_one_bit_for_bit(
    clips_root: Path, tmp_path: Path
) -> None:
    whole, first, second = (training(clips_root) for _ in range(3))
    list(whole.steps())
    list(islice(first.steps(), 1))
    torch.save(first.state(), tmp_path / "state.pt")
    second.load(torch.load(tmp_path / "state.pt", weights_only=True))
    list(second.steps())
    for name, weight in whole.network.state_dict().items():
        assert torch.equal(second.network.state_dict()[name], weight), name


def test_the_gradients_and_losses_of_two_workers_are_those_of_one(
    clips_root: Path, on_ranks: Callable[..., list[dict[str, Any]]]
) -> None:
    """Five clips, so that the shares are unequal."""
    options: dict[str, Any] = {"kind": "allocation", "double": True, "batch_size": 5}
    several = on_ranks(2, data=clips_root, **options)
    alone = trained(clips_root, Ranks(), **options)
    for name, gradient in alone["gradients"].items():
        torch.testing.assert_close(several[0]["gradients"][name], gradient, rtol=1e-9, atol=1e-11)
    assert max(gradient.abs().max().item() for gradient in alone["gradients"].values()) > 1e-3
    loss = pytest.approx(alone["reports"][0]["loss_biggest"], rel=1e-9)
    assert [each["reports"][0]["loss_biggest"] for each in several] == [loss] * 2


def test_without_fusion_the_same_cnns_are_trained_and_no_frame_sees_the_one_before(clips_root: Path) -> None:
    found = some_allocation()
    alone = found.without_fusion()
    assert [each.architecture for each in alone.allocation.frames] == [
        each.architecture for each in found.allocation.frames
    ]
    assert alone.cost.macs < found.cost.macs
    run = training(clips_root, alone)
    list(run.steps())
    images, heatmaps = torch.randn(2, 3, 64, 32), torch.rand(2, 17, 16, 8)
    network = run.network.eval()
    with torch.no_grad():
        assert torch.equal(network(images, heatmaps, 0), network(images, 0 * heatmaps, 0))

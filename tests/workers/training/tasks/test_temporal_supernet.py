"""The T supernet's training on synthetic clips: a step by hand, resumed, on several workers, and cut out."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from spaces.temporal.allocation import OPERATIONS, Operation
from spaces.temporal.extract import extract_frame
from tests.workers.training.some_clips import key_frame, read_clips
from tests.workers.training.some_ranks import task, trained
from workers.errors import DataError
from workers.training.loops.feed import DeviceBatch, Feed
from workers.training.loops.loss import heatmap_loss
from workers.training.parallel.ranks import Ranks
from workers.training.tasks.temporal_supernet import PropagationTraining

Trained = dict[str, Any]
BATCH = 4  # of eight clips
LOSSES = ("loss_biggest", "loss_smallest", "loss_random")


def training(
    root: Path, operations: tuple[Operation, ...] = OPERATIONS, **recipe: Any
) -> PropagationTraining:
    recipe = {"batch_size": BATCH, "epochs": 2, "random_subnets": 1} | recipe
    return PropagationTraining(task(**recipe), read_clips(root), key_frame(), operations, Ranks())


def first_inputs(run: PropagationTraining) -> DeviceBatch:
    with Feed(run.data.batches(run.task.seed, 0, BATCH), run.device) as feed:
        return next(iter(feed))


def gradients(run: PropagationTraining) -> dict[str, Tensor]:
    return {name: p.grad for name, p in run.network.named_parameters() if p.grad is not None}


def test_a_step_is_that_of_loops_written_out_over_frames_and_subnets(clips_root: Path) -> None:
    """Equation 1: the sum over frames; the biggest's heatmaps of a frame are that frame's soft labels."""
    found, by_hand = (training(clips_root, random_subnets=2) for _ in range(2))
    inputs = first_inputs(found)
    losses = found.backward(inputs, scale=1.0)

    sandwich, supernet = by_hand.sandwich, by_hand.network
    images, target = inputs.images.view(BATCH, 3, 3, 64, 32), inputs.target.view(BATCH, 3, 17, 16, 8)
    weight = inputs.weight.view(BATCH, 3, 17)
    key = key_frame().network()(images[:, 0])
    soft, heatmaps, taught = [], key, torch.zeros(())
    for t, choice in enumerate(sandwich.biggest.frames, start=1):
        heatmaps = supernet(images[:, t], heatmaps, choice)
        soft.append(heatmaps.detach())
        taught = taught + heatmap_loss(heatmaps, target[:, t], weight[:, t])
    taught.backward()
    for allocation in (sandwich.smallest, *sandwich.random):
        heatmaps, learnt = key, torch.zeros(())
        for t, choice in enumerate(allocation.frames, start=1):
            heatmaps = supernet(images[:, t], heatmaps, choice)
            learnt = learnt + 0.5 * heatmap_loss(heatmaps, target[:, t], weight[:, t])
            learnt = learnt + 0.5 * heatmap_loss(heatmaps, soft[t - 1], weight[:, t])
        learnt.backward()

    assert 2 * losses[0].item() == pytest.approx(taught.item(), rel=1e-5)  # reported as the frames' mean
    expected = gradients(by_hand)
    assert gradients(found).keys() == expected.keys()
    for name, gradient in expected.items():
        torch.testing.assert_close(gradients(found)[name], gradient, rtol=1e-3, atol=1e-5)
    assert max(gradient.abs().max().item() for gradient in expected.values()) > 1e-2


def test_the_key_frames_network_stays_as_it_is_and_sees_every_clip_by_itself(clips_root: Path) -> None:
    before = {name: tensor.clone() for name, tensor in key_frame().weights.items()}
    run = training(clips_root)
    images = first_inputs(run).images
    together, alone = run.key_frame(images), run.key_frame(images[:1])
    assert together.std() > 1e-2
    assert torch.allclose(together[:1], alone, atol=1e-5)
    next(run.steps())
    assert torch.equal(run.key_frame(images), together)
    assert not run.key_frame(images).requires_grad
    assert all(torch.equal(key_frame().weights[name], tensor) for name, tensor in before.items())


def test_training_begins_with_the_biggest_as_good_as_the_key_frames_network(clips_root: Path) -> None:
    run = training(clips_root, init_sigma=0.001)
    assert run.space.temporal.key_frame == key_frame().architecture
    images, biggest = first_inputs(run).images, run.sandwich.biggest.frames[0]
    with torch.no_grad():
        own, heatmaps = run.network.eval()(images, run.key_frame(images), biggest), run.key_frame(images)
    assert (own - heatmaps).std() < 0.05 * heatmaps.std()


def test_the_loss_falls_and_every_step_is_reported(clips_root: Path) -> None:
    run = training(clips_root, epochs=6, learning_rate=3e-3)
    reports = list(run.steps())
    assert run.finished
    assert [report.step for report in reports] == list(range(12))
    for name in LOSSES:
        assert getattr(reports[-1], name) < 0.9 * getattr(reports[0], name)
    assert all(report.images_per_s > 0 for report in reports)


@pytest.mark.parametrize("step", [1, 3])  # in mid-epoch
def test_a_training_resumed_at_any_step_equals_the_uninterrupted_one_bit_for_bit(
    clips_root: Path, tmp_path: Path, step: int
) -> None:
    whole, first, second = (training(clips_root) for _ in range(3))
    reports = list(whole.steps())
    before = list(islice(first.steps(), step))
    torch.save(first.state(), tmp_path / "state.pt")
    second.load(torch.load(tmp_path / "state.pt", weights_only=True))
    assert (second.step, second.epoch) == (step, step // 2)
    after = list(second.steps())
    assert [r.loss_random for r in before + after] == [r.loss_random for r in reports]
    for name, weight in whole.network.state_dict().items():
        assert torch.equal(second.network.state_dict()[name], weight), name
    moments = [s["exp_avg_sq"] for s in second.update.optimizer.state_dict()["state"].values()]
    expected = [s["exp_avg_sq"] for s in whole.update.optimizer.state_dict()["state"].values()]
    assert all(torch.equal(a, b) for a, b in zip(moments, expected, strict=True))


def test_the_gradients_and_losses_of_two_workers_are_those_of_one(
    clips_root: Path, on_ranks: Callable[..., list[Trained]]
) -> None:
    """Five clips, so that the shares are unequal."""
    options: dict[str, Any] = {"kind": "clips", "double": True, "batch_size": 5, "random_subnets": 1}
    several = on_ranks(2, data=clips_root, **options)
    alone = trained(clips_root, Ranks(), **options)
    for name, gradient in alone["gradients"].items():
        assert all(torch.equal(run["gradients"][name], several[0]["gradients"][name]) for run in several)
        torch.testing.assert_close(several[0]["gradients"][name], gradient, rtol=1e-9, atol=1e-11)
    assert max(gradient.abs().max().item() for gradient in alone["gradients"].values()) > 1e-2
    for name in LOSSES:
        expected = pytest.approx(alone["reports"][0][name], rel=1e-9)
        assert [run["reports"][0][name] for run in several] == [expected] * 2


def test_t_nets_cut_out_of_the_trained_supernet_equal_it_over_a_whole_clip(clips_root: Path) -> None:
    run = training(clips_root)
    list(run.steps())
    supernet = run.network.eval()
    images = first_inputs(run).images.view(BATCH, 3, 3, 64, 32)
    for allocation in (run.sandwich.biggest, run.sandwich.smallest, *run.sandwich.random):
        shared = own = run.key_frame(images[:, 0])
        for t, choice in enumerate(allocation.frames, start=1):
            network = extract_frame(run.space.temporal, supernet, choice)
            with torch.no_grad():
                shared, own = supernet(images[:, t], shared, choice), network(images[:, t], own)
            assert shared.std() > 1e-3
            assert (own - shared).abs().max() < 1e-5 * max(1.0, shared.abs().max().item())


def test_without_fusion_every_frame_is_trained_by_itself(clips_root: Path) -> None:
    run = training(clips_root, operations=())
    report = next(run.steps())
    assert 0 < report.loss_biggest < float("inf")
    images, choice = first_inputs(run).images, run.sandwich.biggest.frames[0]
    assert choice.fusion is None
    heatmaps = run.key_frame(images)
    with torch.no_grad():
        assert torch.equal(run.network(images, heatmaps, choice), run.network(images, 0 * heatmaps, choice))


def test_tracks_too_short_for_the_frames_are_named(clips_root: Path) -> None:
    with pytest.raises(DataError, match=r"a clip needs 5 successive labelled frames .* has 3"):
        read_clips(clips_root, frames=5)

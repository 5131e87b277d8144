"""What passes from frame to frame: against loops and derivatives written out by hand."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from spaces.temporal.allocation import FrameChoice, Fusion
from spaces.temporal.allocation_space import AllocationSpace
from spaces.temporal.from_spatial import start_from_spatial
from spaces.temporal.network import TemporalSupernet
from tests.workers.training.some_clips import INPUT_HW, SPACE, key_frame
from workers.training.loops.loss import heatmap_loss
from workers.training.loops.propagation import by_frame, clip_sandwich_at, propagate

TEMPORAL = key_frame().temporal()
OVER_TWO = AllocationSpace(TEMPORAL, frames=2)
FIRST, SECOND = Fusion(1, "add"), Fusion(3, "mul")  # modules of their own
ALLOCATION = OVER_TWO.assemble([FrameChoice(SPACE.smallest(), FIRST), FrameChoice(SPACE.biggest(), SECOND)])
ONLY_IN_FRAME_1 = "fusions.add1.adapt.weight"


def supernet() -> TemporalSupernet:
    """In double precision, and fusions far enough from identity for the heatmaps to matter."""
    made = start_from_spatial(TEMPORAL, TEMPORAL.supernet(), key_frame().weights, seed=2, sigma=0.3)
    return made.train().double()


def clip() -> tuple[Tensor, list[Tensor], list[Tensor], Tensor]:
    """Heatmaps of the key frame; images and targets of two frames; weights."""
    rng = torch.Generator().manual_seed(0)
    maps = [torch.rand(4, 17, 16, 8, generator=rng).double() for _ in range(3)]
    frames = [torch.randn(4, 3, *INPUT_HW, generator=rng).double() for _ in range(2)]
    return maps[0], frames, maps[1:], torch.tensor([[1.0, 0.0] + [1.0] * 15]).expand(4, 17)


def loss_of_frame_2(network: TemporalSupernet, *, cut: bool = False) -> Tensor:
    heatmaps, frames, targets, weight = clip()
    one, two = ALLOCATION.frames
    before = network(frames[0], heatmaps, one)
    after = network(frames[1], before.detach() if cut else before, two)
    return heatmap_loss(after, targets[1], weight)


def test_a_sandwich_over_clips_is_a_function_of_seed_and_step() -> None:
    space = AllocationSpace(TEMPORAL, frames=3)
    assert clip_sandwich_at(space, 3, 17, 2) == clip_sandwich_at(space, 3, 17, 2)
    drawn = {clip_sandwich_at(space, seed, step, 1).random[0].key for seed in range(3) for step in range(5)}
    assert len(drawn) == 15


def test_the_biggest_and_the_smallest_keep_their_cnn_and_draw_a_fusion_for_every_frame() -> None:
    space, fusions = AllocationSpace(TEMPORAL, frames=3), set()
    for step in range(60):
        sandwich = clip_sandwich_at(space, 0, step, 2)
        for allocation, cnn in ((sandwich.biggest, SPACE.biggest()), (sandwich.smallest, SPACE.smallest())):
            assert [frame.architecture for frame in allocation.frames] == [cnn] * 3
            fusions |= {(place, frame.fusion) for place, frame in enumerate(allocation.frames)}
        assert len(sandwich.random) == 2
        for random in sandwich.random:
            space.check(random)
            assert len({frame.architecture for frame in random.frames}) > 1
    assert len(fusions) == 3 * len(TEMPORAL.fusions)  # each one somewhere in each frame
    both = (sandwich.biggest, sandwich.smallest)
    assert [f.fusion for f in both[0].frames] != [f.fusion for f in both[1].frames]


def test_without_operations_no_frame_has_a_fusion() -> None:
    space = AllocationSpace(key_frame().temporal(()), frames=2)
    sandwich = clip_sandwich_at(space, 0, 0, 1)
    for allocation in (sandwich.biggest, sandwich.smallest, *sandwich.random):
        assert [frame.fusion for frame in allocation.frames] == [None, None]


def test_the_heatmaps_and_the_loss_of_a_clip_are_those_of_a_loop_over_its_two_frames() -> None:
    heatmaps, frames, targets, weight = clip()
    network, (one, two) = supernet(), ALLOCATION.frames
    first = network(frames[0], heatmaps, one)
    second = network(frames[1], first, two)
    passed = propagate(network, heatmaps, frames, ALLOCATION.frames)
    assert first.std() > 1e-3
    assert torch.equal(passed, torch.cat([first, second]))
    summed = heatmap_loss(first, targets[0], weight) + heatmap_loss(second, targets[1], weight)
    mean = heatmap_loss(passed, torch.cat(targets), torch.cat([weight, weight]))
    assert (2 * mean).item() == pytest.approx(summed.item(), rel=1e-12)


def test_the_loss_of_a_frame_trains_what_only_the_frame_before_has() -> None:
    whole, cut = supernet(), supernet()
    loss_of_frame_2(whole).backward()
    loss_of_frame_2(cut, cut=True).backward()
    parameter = whole.get_parameter(ONLY_IN_FRAME_1)
    assert parameter.grad is not None
    assert parameter.grad.abs().max() > 1e-6
    assert cut.get_parameter(ONLY_IN_FRAME_1).grad is None
    shared = "cnn.final.weight"  # both frames have it: cutting the graph changes its gradient
    gradients = [network.get_parameter(shared).grad for network in (whole, cut)]
    assert gradients[0] is not None
    assert gradients[1] is not None
    assert (gradients[0] - gradients[1]).abs().max() > 1e-3 * gradients[1].abs().max()


def test_the_gradient_through_time_is_the_slope_of_the_second_frames_loss() -> None:
    network = supernet()
    loss_of_frame_2(network).backward()
    parameter = network.get_parameter(ONLY_IN_FRAME_1)
    assert parameter.grad is not None
    direction = parameter.grad / parameter.grad.norm()
    losses, step = [], 1e-7  # so short that next to no rectifier changes sides
    for side in (-step, step):
        with torch.no_grad():
            parameter.add_(side * direction)
            losses.append(loss_of_frame_2(network).item())
            parameter.sub_(side * direction)
    slope = (losses[1] - losses[0]) / (2 * step)
    assert slope == pytest.approx(parameter.grad.norm().item(), rel=1e-4)


def test_propagation_passes_the_gradient_of_every_frame_on() -> None:
    heatmaps, frames, targets, weight = clip()
    network, (one, two) = supernet(), ALLOCATION.frames
    passed = propagate(network, heatmaps, frames, ALLOCATION.frames)
    (2 * heatmap_loss(passed, torch.cat(targets), torch.cat([weight, weight]))).backward()
    found = {name: p.grad.clone() for name, p in network.named_parameters() if p.grad is not None}
    network.zero_grad()
    first = network(frames[0], heatmaps, one)
    heatmap_loss(first, targets[0], weight).backward(retain_graph=True)
    heatmap_loss(network(frames[1], first, two), targets[1], weight).backward()
    for name, parameter in network.named_parameters():
        if parameter.grad is not None:
            torch.testing.assert_close(found[name], parameter.grad, rtol=1e-8, atol=1e-12)
    assert len(found) > 50


def test_clips_one_behind_the_other_are_parted_into_frames() -> None:
    clips = torch.from_numpy(np.arange(12)).view(6, 2)  # 2 clips of 3 frames
    frames = by_frame(clips, 3)
    assert [frame.tolist() for frame in frames] == [[[0, 1], [6, 7]], [[2, 3], [8, 9]], [[4, 5], [10, 11]]]


def test_an_allocation_over_other_frames_than_the_clip_has_is_refused() -> None:
    heatmaps, frames, *_ = clip()
    with pytest.raises(ValueError, match="shorter"):
        propagate(supernet(), heatmaps, frames, ALLOCATION.frames[:1])

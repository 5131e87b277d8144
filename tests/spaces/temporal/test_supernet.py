"""The T supernet of every backbone: its first weights, its slices, its cost, and gradients through time."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from spaces.errors import ArchitectureError
from spaces.registry import build_space
from spaces.temporal.allocation import FrameChoice, Fusion
from spaces.temporal.extract import extract_frame
from spaces.temporal.from_spatial import start_from_spatial
from spaces.temporal.network import TemporalSupernet
from spaces.temporal.temporal_space import TemporalSpace
from tests.spaces.counting import counted
from tests.spaces.temporal.examples import (
    BACKBONES,
    INPUT_HW,
    heatmaps,
    images,
    spatial_network,
    temporal_space,
)
from tests.spaces.toy import toy

LOUD = 0.3  # a sigma at which the heatmaps are heard in every choice


@pytest.fixture(scope="module", params=BACKBONES)
def space(request: pytest.FixtureRequest) -> TemporalSpace:
    return temporal_space(request.param)


@pytest.fixture(scope="module")
def spatial(space: TemporalSpace) -> nn.Module:
    return spatial_network(space)


@pytest.fixture(scope="module")
def started(space: TemporalSpace, spatial: nn.Module) -> TemporalSupernet:
    return start_from_spatial(space, space.supernet(), spatial.state_dict(), seed=0).eval()


@pytest.fixture(scope="module")
def loud(space: TemporalSpace, spatial: nn.Module) -> TemporalSupernet:
    return start_from_spatial(space, space.supernet(), spatial.state_dict(), seed=0, sigma=LOUD).eval()


def drawn(space: TemporalSpace, count: int) -> list[FrameChoice]:
    """With different fusions."""
    rng = np.random.default_rng(0)
    order = rng.permutation(len(space.fusions))[:count]
    return [FrameChoice(space.cnn.sample(rng), space.fusions[index]) for index in order]


def test_there_is_a_fusion_behind_every_stage(space: TemporalSpace) -> None:
    stages = {"t-mobilenetv3": 6}.get(space.name, 4)
    assert len(space.fusions) == 3 * stages
    assert space.fusions[:4] == (Fusion(1, "add"), Fusion(1, "mul"), Fusion(1, "cat"), Fusion(2, "add"))


@torch.no_grad()
def test_the_biggest_without_a_fusion_is_the_spatial_network(
    space: TemporalSpace, spatial: nn.Module, started: TemporalSupernet
) -> None:
    alone = FrameChoice(space.cnn.biggest(), None)
    wanted = spatial(images())
    assert (wanted[0] - wanted[1]).abs().max() > 0.01 * wanted.abs().max()
    torch.testing.assert_close(started(images(), heatmaps(), alone), wanted, rtol=0, atol=1e-6)


@torch.no_grad()
def test_with_any_fusion_the_biggest_begins_nearly_as_the_spatial_network(
    space: TemporalSpace, spatial: nn.Module, started: TemporalSupernet
) -> None:
    wanted = spatial(images())
    for fusion in space.fusions:
        moved = started(images(), heatmaps(), FrameChoice(space.cnn.biggest(), fusion)) - wanted
        assert 0 < moved.abs().max() < 0.1 * wanted.abs().max(), fusion


@torch.no_grad()
def test_an_extracted_frame_gives_what_the_supernet_gives(
    space: TemporalSpace, loud: TemporalSupernet
) -> None:
    ends = [FrameChoice(end(), space.fusions[1]) for end in (space.cnn.biggest, space.cnn.smallest)]
    for choice in [*ends, *drawn(space, 3), FrameChoice(space.cnn.biggest(), None)]:
        network = extract_frame(space, loud, choice)
        ours, theirs = (each.double() for each in (network(images(), heatmaps()),
                                                   loud(images(), heatmaps(), choice)))  # fmt: skip
        scale = max(1.0, float(theirs.abs().max()))
        heard = (loud(images(), heatmaps(seed=1), choice) - theirs).abs().max()
        assert (ours - theirs).abs().max() <= 1e-5 * scale
        assert heard > 1e-3 * scale or choice.fusion is None, choice
        assert not [name for name, each in network.named_modules() if "Elastic" in type(each).__name__]


def test_the_closed_form_cost_of_a_frame_is_what_its_network_counts(space: TemporalSpace) -> None:
    for choice in drawn(space, 2):
        with torch.device("meta"):
            network = space.network(choice)
            before = torch.zeros(1, space.spatial.keypoints, *(side // 4 for side in INPUT_HW))
        assert space.cost(choice) == counted(network, INPUT_HW, "meta", [before])


@torch.no_grad()
def test_a_clip_of_plain_networks_gives_what_the_supernets_slices_give(
    space: TemporalSpace, spatial: nn.Module, loud: TemporalSupernet
) -> None:
    ours = theirs = spatial(images())
    for t, choice in enumerate(drawn(space, 3), start=1):
        ours = extract_frame(space, loud, choice)(images(seed=t), ours)
        theirs = loud(images(seed=t), theirs, choice)
        assert (ours - theirs).abs().max() <= 1e-5 * max(1.0, float(theirs.abs().max()))


def test_gradients_flow_through_the_propagated_heatmaps_to_the_first_frame(
    space: TemporalSpace, started: TemporalSupernet
) -> None:
    first, *others = drawn(space, 3)
    start = heatmaps().requires_grad_()
    before = started(images(), start, first)
    before.retain_grad()
    last: Tensor = before
    for t, choice in enumerate(others, start=1):
        last = started(images(seed=t), last, choice)
    last.square().mean().backward()
    for each in (start, before):
        assert each.grad is not None
        assert torch.isfinite(each.grad).all()
        assert each.grad.any()
    started.zero_grad(set_to_none=True)


def test_a_frame_trains_its_own_fusion_alone(space: TemporalSpace, started: TemporalSupernet) -> None:
    choice = FrameChoice(space.cnn.smallest(), Fusion(2, "cat"))
    started.train()(images(), heatmaps(), choice).square().mean().backward()
    trained = {name for name, each in started.named_parameters() if each.grad is not None}
    plain = {name for name, _ in space.network(choice).named_parameters()}
    assert trained == plain
    assert "fusions.cat2.adapt.weight" in plain
    started.eval().zero_grad(set_to_none=True)


@pytest.mark.parametrize(("name", "layer"), [("hrnet-w32", "transitions"), ("resnet50", "shortcut")])
@torch.no_grad()
def test_a_layer_that_the_spatial_network_has_no_need_of_begins_as_the_identity(
    name: str, layer: str
) -> None:
    spatial = build_space(name, keypoints=2, input_hw=INPUT_HW)
    equal = spatial.nearest(spatial.describe(spatial.biggest()) | {"stage1.width": 64})
    space = TemporalSpace(spatial, equal)
    weights = spatial_network(space).state_dict()
    supernet = start_from_spatial(space, space.supernet(), weights, seed=0)
    new = {key: each for key, each in supernet.cnn.named_parameters() if key not in weights}
    assert new
    for key, weight in new.items():
        assert layer in key
        if weight.dim() == 4:
            middle = weight.shape[-1] // 2
            assert weight[:, :, middle, middle].diagonal().tolist() == [1] * min(weight.shape[:2])
            assert weight.sum() == min(weight.shape[:2])
        else:
            assert weight.tolist() == [float(key.endswith("weight"))] * len(weight)


def test_weights_of_another_network_are_refused_by_the_first_tensor(space: TemporalSpace) -> None:
    weights = space.spatial.network(space.key_frame).state_dict()
    supernet = space.supernet()
    with pytest.raises(ArchitectureError, match=r"they lack final\.bias"):
        start_from_spatial(
            space, supernet, {name: each for name, each in weights.items() if name != "final.bias"}, 0
        )
    with pytest.raises(ArchitectureError, match=r"they hold the unknown more\.weight"):
        start_from_spatial(space, supernet, weights | {"more.weight": torch.zeros(1)}, 0)
    with pytest.raises(ArchitectureError, match=r"must have final\.bias of shape \[3\], but it has \[9\]"):
        start_from_spatial(space, supernet, weights | {"final.bias": torch.zeros(9)}, 0)


def test_what_lies_outside_is_refused(space: TemporalSpace, started: TemporalSupernet) -> None:
    with pytest.raises(ArchitectureError, match=r"must be behind stage 1 to \d and one of add, mul, cat"):
        extract_frame(space, started, FrameChoice(space.cnn.biggest(), Fusion(9, "add")))
    unfused = TemporalSpace(space.spatial, space.key_frame, operations=())
    with pytest.raises(ArchitectureError, match="one of no operations"):
        unfused.check(FrameChoice(space.cnn.biggest(), Fusion(1, "add")))
    unfused.check(FrameChoice(space.cnn.biggest(), None))


def test_a_space_without_outlets_has_no_temporal_level() -> None:
    spatial = toy()
    with pytest.raises(ArchitectureError, match="must say where heatmaps can be fused"):
        TemporalSpace(spatial, spatial.biggest())


def test_outlets_have_the_widths_and_pixels_that_the_networks_hand_out() -> None:
    for name in BACKBONES:
        spatial = build_space(name, input_hw=INPUT_HW)
        found: dict[int, tuple[int, int]] = {}
        architecture = spatial.sample(np.random.default_rng(3))

        def look(stage: int, features: Tensor, found: dict[int, tuple[int, int]] = found) -> Tensor:
            found[stage] = (features.shape[1], math.prod(features.shape[-2:]))
            return features

        with torch.device("meta"):
            spatial.network(architecture).eval()(torch.zeros(1, 3, *INPUT_HW), tap=look)
        parts = spatial.parts(architecture)
        assert found == {
            stage: (each.outputs * parts[each.part].width, each.pixels)
            for stage, each in enumerate(spatial.outlets, start=1)
        }

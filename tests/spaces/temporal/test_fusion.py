"""The fusion module: worked by hand, elastic against plain, its cost, and its first weights."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from spaces.cost import Cost
from spaces.extract import take_weights
from spaces.temporal.allocation import OPERATIONS, Operation
from spaces.temporal.fusion import (
    HEATMAP_GAIN,
    ElasticFusion,
    FusionModule,
    combined_width,
    concatenated,
    fusion_cost,
    guided,
    start_near_identity,
)
from tests.spaces.counting import fill

EVERY = pytest.mark.parametrize("operation", OPERATIONS)
KEYPOINTS, WIDEST = 5, 12
SIZES = pytest.mark.parametrize("size", [(4, 3), (16, 12), (32, 24)], ids=["lower", "same", "higher"])


def random(*shape: int, seed: int = 0) -> Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed))


def peaks(*shape: int, seed: int = 0) -> Tensor:
    """As large as heatmaps are: near 0, and in a few places near 1."""
    return random(*shape, seed=seed) ** 32


def fused_by_hand(operation: Operation, features: Tensor, guide: Tensor, module: FusionModule) -> Tensor:
    """The paper's words: fuse by the operation, then one 1x1 convolution."""
    weight, bias = module.restore.weight[:, :, 0, 0], module.restore.bias
    fused = {
        "add": lambda: torch.einsum("oi,bihw->bohw", weight, features + guide),
        "mul": lambda: torch.einsum("oi,bihw->bohw", weight, features * guide),
        "cat": lambda: (
            torch.einsum("oi,bihw->bohw", weight[:, ::2], features)
            + torch.einsum("oi,bihw->bohw", weight[:, 1::2], guide)
        ),
    }[operation]()
    assert bias is not None
    return fused + bias[:, None, None]


@EVERY
@SIZES
def test_a_fusion_is_a_convolution_a_resize_the_operation_and_a_convolution(
    operation: Operation, size: tuple[int, int]
) -> None:
    module = fill(FusionModule(operation, KEYPOINTS, 8))
    features, heatmaps = random(2, 8, *size), random(2, KEYPOINTS, 16, 12, seed=1)
    adapted = module.adapt(HEATMAP_GAIN * heatmaps)
    guide = F.interpolate(adapted, size=size, mode="bilinear", align_corners=False)
    torch.testing.assert_close(
        module(features, heatmaps), fused_by_hand(operation, features, guide, module), rtol=1e-5, atol=1e-5
    )


def test_a_heatmap_of_one_value_adds_that_value_times_the_weight_and_the_gain() -> None:
    module = FusionModule("add", 1, 2)
    with torch.no_grad():
        module.adapt.weight.copy_(torch.tensor([2.0, -1.0])[:, None, None, None])
        module.adapt.bias.zero_()  # type: ignore[union-attr]
        module.restore.weight.copy_(torch.eye(2)[:, :, None, None])
        module.restore.bias.zero_()  # type: ignore[union-attr]
        fused = module(torch.ones(1, 2, 3, 3), torch.full((1, 1, 6, 6), 0.5 / HEATMAP_GAIN))
    torch.testing.assert_close(fused[0, :, 0, 0], torch.tensor([2.0, 0.5]))


def test_concatenation_keeps_a_channel_beside_its_own_guide() -> None:
    features, guide = torch.tensor([1.0, 2, 3]), torch.tensor([10.0, 20, 30])
    both = concatenated(features[None, :, None, None], guide[None, :, None, None])
    assert both.flatten().tolist() == [1, 10, 2, 20, 3, 30]


@EVERY
@SIZES
@pytest.mark.parametrize("width", [4, WIDEST])
def test_the_elastic_fusion_gives_what_its_plain_twin_with_its_weights_gives(
    operation: Operation, size: tuple[int, int], width: int
) -> None:
    elastic = fill(ElasticFusion(operation, KEYPOINTS, WIDEST))
    plain = take_weights(
        nn.ModuleDict({"only": FusionModule(operation, KEYPOINTS, width)}), nn.ModuleDict({"only": elastic})
    )
    features, heatmaps = random(2, width, *size), random(2, KEYPOINTS, 16, 12, seed=1)
    ours = plain.get_submodule("only")(features, heatmaps)
    torch.testing.assert_close(ours, elastic(features, heatmaps), rtol=0, atol=1e-6)
    assert ours.shape == features.shape


@EVERY
def test_a_narrower_choice_trains_the_first_filters_and_inputs_alone(operation: Operation) -> None:
    elastic = fill(ElasticFusion(operation, KEYPOINTS, WIDEST))
    elastic(random(2, 4, 4, 3), random(2, KEYPOINTS, 16, 12)).square().sum().backward()
    inputs = combined_width(operation, 4)
    for name, grad in ((name, each.grad) for name, each in elastic.named_parameters()):
        assert grad is not None
        active = grad[:4, :inputs] if name == "restore.weight" else grad[:4]
        assert active.count_nonzero() == active.numel(), name
        assert grad.count_nonzero() == active.numel(), name


@EVERY
@SIZES
def test_the_closed_form_cost_is_what_the_module_counts(operation: Operation, size: tuple[int, int]) -> None:
    module, macs = FusionModule(operation, KEYPOINTS, 8), []
    for conv in (module.adapt, module.restore):
        conv.register_forward_hook(
            lambda conv, _, out: macs.append(conv.weight.numel() * out.shape[-2:].numel())
        )
    module(random(1, 8, *size), random(1, KEYPOINTS, 16, 12))
    params = sum(each.numel() for each in module.parameters())
    assert fusion_cost(operation, KEYPOINTS, 8, size[0] * size[1], 16 * 12) == Cost(params, sum(macs))


def test_costs_of_res50s_last_stage_by_hand() -> None:
    cost = fusion_cost("add", 17, 608, pixels=8 * 6, heatmap_pixels=64 * 48)
    assert cost == Cost(17 * 608 + 608 + 608 * 608 + 608, conv_macs=(17 * 608 + 608 * 608) * 48)
    both = fusion_cost("cat", 17, 608, pixels=8 * 6, heatmap_pixels=64 * 48)
    assert both.macs - cost.macs == 608 * 608 * 48


def test_convolving_at_the_lower_resolution_gives_what_convolving_first_gives() -> None:
    adapt = fill(nn.Conv2d(KEYPOINTS, 8, 1))
    features, heatmaps = random(1, 8, 4, 3), random(1, KEYPOINTS, 16, 12, seed=1)
    first = F.interpolate(adapt(HEATMAP_GAIN * heatmaps), size=(4, 3), mode="bilinear", align_corners=False)
    torch.testing.assert_close(guided(features, heatmaps, adapt), first, rtol=1e-5, atol=1e-6)


@EVERY
def test_a_fusion_starts_near_identity_and_every_weight_and_the_heatmaps_have_gradients(
    operation: Operation,
) -> None:
    module = ElasticFusion(operation, KEYPOINTS, 64)
    start_near_identity(module, torch.Generator().manual_seed(0))
    features, heatmaps = random(2, 64, 8, 6), peaks(2, KEYPOINTS, 16, 12, seed=1).requires_grad_()
    fused = module(features, heatmaps)
    assert 0 < (fused - features).abs().max() < 0.05

    (fused - random(2, 64, 8, 6, seed=2)).square().mean().backward()
    for name, parameter in module.named_parameters():
        assert parameter.grad is not None
        assert parameter.grad.count_nonzero() > 0.99 * parameter.numel(), name
    assert heatmaps.grad is not None
    assert heatmaps.grad.any()


@EVERY
def test_a_few_steps_from_there_learn_to_use_the_heatmaps(operation: Operation) -> None:
    module = ElasticFusion(operation, KEYPOINTS, 16)
    start_near_identity(module, torch.Generator().manual_seed(0))
    features, heatmaps = 1 + random(4, 16, 8, 6), peaks(4, KEYPOINTS, 8, 6, seed=1)
    wanted = features + heatmaps.sum(1, keepdim=True)
    untrained = copy.deepcopy(module)
    optimizer = torch.optim.Adam(module.parameters(), lr=0.02)
    for _ in range(60):
        optimizer.zero_grad()
        (module(features, heatmaps) - wanted).square().mean().backward()
        optimizer.step()
    before, after = ((each(features, heatmaps) - wanted).square().mean() for each in (untrained, module))
    ignoring = (module(features, torch.zeros_like(heatmaps)) - wanted).square().mean()
    assert after < 0.1 * before
    assert after < 0.5 * ignoring

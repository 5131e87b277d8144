"""Weight sharing across a whole supernet: who touches what, and that all of it can be trained."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from spaces.architecture import Architecture
from spaces.registry import build_space
from spaces.space import SearchSpace
from tests.spaces.counting import fill

NAMES = pytest.mark.parametrize("name", ["resnet50", "mobilenetv3", "hrnet-w32"])
INPUT_HW = (64, 64)  # a 2x2 lowest resolution: one pixel an image would leave BatchNorm next to nothing


def gradients(space: SearchSpace, supernet: nn.Module, *drawn: Architecture) -> dict[str, Tensor]:
    """Summed over one backward pass for each architecture; parameters without one are left out."""
    images = torch.randn(2, 3, *INPUT_HW, generator=torch.Generator().manual_seed(0))
    supernet.zero_grad(set_to_none=True)
    for architecture in drawn:
        supernet(images, architecture).square().mean().backward()
    return {name: each.grad for name, each in supernet.named_parameters() if each.grad is not None}


def with_all_transitions(architecture: Architecture) -> Architecture:
    """HRNet's widest with narrower branches in stage 3, so that no transition is the identity."""
    stages = list(architecture.stages)
    if architecture.head is None:
        stages[3:6] = [replace(each, width=each.width - 16) for each in stages[3:6]]
    return replace(architecture, stages=tuple(stages))


@NAMES
def test_every_shared_weight_can_be_trained(name: str) -> None:
    space = build_space(name, keypoints=2, input_hw=INPUT_HW)
    supernet = fill(space.supernet()).train()
    biggest = space.biggest()
    found = gradients(space, supernet, biggest, with_all_transitions(biggest), space.smallest())
    # a constant added to every pixel's logit changes no softmax
    missing = {key for key, _ in supernet.named_parameters()} - found.keys()
    still = {key for key, grad in found.items() if not grad.any() and not key.endswith("mask.bias")}
    assert not missing
    assert not still


@NAMES
def test_gradients_stay_in_the_first_blocks_filters_and_inputs(name: str) -> None:
    space = build_space(name, keypoints=2, input_hw=INPUT_HW)
    supernet = fill(space.supernet()).train()
    smallest = space.smallest()
    found = gradients(space, supernet, smallest)
    active = dict(space.network(smallest).named_parameters())
    assert found.keys() == active.keys()
    for key, grad in found.items():
        if "deconvs" not in key:  # PyTorch lays a plain transposed weight out differently
            inside = tuple(slice(size) for size in active[key].shape[:2])
            outside = grad.clone()
            outside[inside] = 0
            assert not outside.any(), key


@NAMES
def test_gradients_of_several_passes_are_the_sum_of_each(name: str) -> None:
    space = build_space(name, keypoints=2, input_hw=INPUT_HW)
    supernet = fill(space.supernet()).train()
    rng = np.random.default_rng(0)
    drawn = [space.biggest(), space.sample(rng), space.smallest()]
    together = gradients(space, supernet, *drawn)
    apart = [gradients(space, supernet, each) for each in drawn]
    for key, grad in together.items():
        torch.testing.assert_close(grad, sum(each[key] for each in apart if key in each))

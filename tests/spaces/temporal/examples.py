"""Small temporal spaces of every backbone, and weights at which inputs and heatmaps reach the output."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from spaces.constraint import Constraint
from spaces.drawing import draw_unseen
from spaces.registry import build_space
from spaces.temporal.allocation import Allocation, FrameChoice
from spaces.temporal.allocation_space import AllocationSpace
from spaces.temporal.drawing import allocations
from spaces.temporal.temporal_space import TemporalSpace
from tests.spaces.counting import fill

KEYPOINTS = 3
INPUT_HW = (64, 64)  # a 2x2 lowest resolution: one pixel an image would leave BatchNorm next to nothing
BACKBONES = ("mobilenetv3-small", "mobilenetv3", "resnet50", "hrnet-w32")


def temporal_space(name: str, seed: int = 1) -> TemporalSpace:
    """Below a random architecture, the same for the same seed."""
    spatial = build_space(name, keypoints=KEYPOINTS, input_hw=INPUT_HW)
    return TemporalSpace(spatial, spatial.sample(np.random.default_rng(seed)))


def images(seed: int = 0) -> Tensor:
    return torch.randn(4, 3, *INPUT_HW, generator=torch.Generator().manual_seed(seed))


def heatmaps(seed: int = 0) -> Tensor:
    """As a network's are: near 0, and in a few places near 1."""
    height, width = INPUT_HW
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(4, KEYPOINTS, height // 4, width // 4, generator=generator) ** 32


def trained_like(network: nn.Module) -> nn.Module:
    """Weights that let inputs through, and BatchNorm statistics that keep features near 1, in eval mode."""
    fill(network).train()
    norms = [each for each in network.modules() if isinstance(each, nn.BatchNorm2d)]
    for norm in norms:
        norm.momentum = 1.0
    with torch.no_grad():
        network(images(seed=9))
    return network.eval()


def spatial_network(space: TemporalSpace) -> nn.Module:
    """A stand-in for the trained S-ViPNet."""
    return trained_like(space.spatial.network(space.key_frame))


def with_frame(allocation: Allocation, index: int, choice: FrameChoice) -> Allocation:
    """The same but for one frame, counted from 0."""
    frames = allocation.frames
    return Allocation(allocation.space, (*frames[:index], choice, *frames[index + 1 :]))


def sample_allocations(
    space: AllocationSpace, constraint: Constraint, count: int, rng: np.random.Generator
) -> list[Allocation]:
    """`count` distinct allocations within a constraint on their sum; all there are where they are fewer."""
    return draw_unseen(allocations(space, constraint), count, rng, frozenset())

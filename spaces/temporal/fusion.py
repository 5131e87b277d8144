"""The temporal feature fusion module (section 3.3): plain, elastic, and what it costs."""

from collections.abc import Callable, Mapping
from typing import final

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from spaces.cost import Cost, conv_cost
from spaces.initialise import SIGMA
from spaces.layers.conv import ElasticConv2d
from spaces.temporal.allocation import Operation


def concatenated(
    features: Float[Tensor, "B C h w"], guide: Float[Tensor, "B C h w"]
) -> Float[Tensor, "B 2*C h w"]:
    """Features and guide concatenated, channel by channel in turn.

    The first 2c of the 2C channels are then those of the first c.
    """
    return torch.stack((features, guide), dim=2).flatten(1, 2)


COMBINE: Mapping[Operation, Callable[[Tensor, Tensor], Tensor]] = {
    "add": torch.add,
    "mul": torch.mul,
    "cat": concatenated,
}


HEATMAP_GAIN = 30.0
"""Heatmaps are zero but for a peak a joint: their root mean square is near 0.1, that of features behind a
BatchNorm 1. With the gain they are learnt from as fast as features are. One small MobileNetV3, 300 steps on
synthetic clips, AP without fusion 78.7; with Add at F4 and a gain of 1, 10, 30: 79.6, 81.1, 82.7."""


def combined_width(operation: Operation, width: int) -> int:
    """Channels that features of `width` have behind the operation."""
    return 2 * width if operation == "cat" else width


def fusion_cost(operation: Operation, keypoints: int, width: int, pixels: int, heatmap_pixels: int) -> Cost:
    """Parameters and MACs of both 1x1 convolutions; resizing and the operation itself are not counted.

    The first one works at the lower of the two resolutions: see `guided`.
    """
    adapt = conv_cost(keypoints, width, 1, 1, min(pixels, heatmap_pixels), bias=True)
    return adapt + conv_cost(combined_width(operation, width), width, 1, 1, pixels, bias=True)


def guided(
    features: Float[Tensor, "B C h w"],
    heatmaps: Float[Tensor, "B K m n"],
    adapt: Callable[[Tensor], Tensor],
) -> Float[Tensor, "B C h w"]:
    """Heatmaps brought to the size, the channels and the resolution of the features.

    The paper convolves, then resizes. A 1x1 convolution and bilinear interpolation (whose weights sum to 1)
    commute, so it is done at the lower resolution: ResNet-50's F4 needs 0.5 MMACs for it instead of 32.
    """
    size = features.shape[-2:]
    if size.numel() < heatmaps.shape[-2:].numel():
        return adapt(_resized(heatmaps, size) * HEATMAP_GAIN)
    return _resized(adapt(heatmaps * HEATMAP_GAIN), size)


def _resized(x: Tensor, size: torch.Size) -> Tensor:
    same = x.shape[-2:] == size
    return x if same else F.interpolate(x, size=size, mode="bilinear", align_corners=False)


@final
class FusionModule(nn.Module):
    """The fusion module of one operation and width, a plain module."""

    def __init__(self, operation: Operation, keypoints: int, width: int) -> None:
        super().__init__()
        self.adapt = nn.Conv2d(keypoints, width, 1)
        self.restore = nn.Conv2d(combined_width(operation, width), width, 1)
        self.operation = operation

    def forward(
        self, features: Float[Tensor, "B C h w"], heatmaps: Float[Tensor, "B K m n"]
    ) -> Float[Tensor, "B C h w"]:
        guide = guided(features, heatmaps, self.adapt)
        return self.restore(COMBINE[self.operation](features, guide))


@final
class ElasticFusion(nn.Module):
    """One operation at one stage; the width is read off the features.

    Shared are the first filters and inputs, between all widths of the stage and all frames. Stages and
    operations share nothing: to be added, to gate around 1 and to stand beside the features are three
    different things to want of the heatmaps, and together the modules are small beside the network.
    """

    def __init__(self, operation: Operation, keypoints: int, widest: int) -> None:
        super().__init__()
        self.adapt = ElasticConv2d(keypoints, widest, 1, bias=True)
        self.restore = ElasticConv2d(combined_width(operation, widest), widest, 1, bias=True)
        self.operation = operation

    def forward(
        self, features: Float[Tensor, "B C h w"], heatmaps: Float[Tensor, "B K m n"]
    ) -> Float[Tensor, "B C h w"]:
        width = features.shape[1]
        guide = guided(features, heatmaps, lambda x: self.adapt(x, width))
        return self.restore(COMBINE[self.operation](features, guide), width)


@torch.no_grad()
def start_near_identity(
    module: FusionModule | ElasticFusion, generator: torch.Generator, sigma: float = SIGMA
) -> None:
    """Weights at which the fused features are the features, but for what sigma lets through.

    `restore` begins as the identity on the features. For Add and Mul it is `adapt` that begins with N(0,
    sigma), around 0 and around 1, the gain taken out of it. For Cat it is the guide's part of `restore`, and
    `adapt` begins at full size: two small factors would leave both next to no gradient. Nothing is exactly
    zero, so heatmaps pass gradients on, through time as well, from the first step.
    """
    adapt, restore = module.adapt, module.restore
    cat, sigma = module.operation == "cat", sigma / HEATMAP_GAIN
    adapt_sigma = adapt.weight.shape[1] ** -0.5 if cat else sigma
    adapt.weight.normal_(0, adapt_sigma, generator=generator)
    assert adapt.bias is not None
    assert restore.bias is not None
    adapt.bias.fill_(1.0 if module.operation == "mul" else 0.0)
    width = restore.weight.shape[0]
    identity = torch.eye(width)[:, :, None, None]
    if cat:
        restore.weight.normal_(0, sigma, generator=generator)
        restore.weight[:, ::2] = identity
    else:
        restore.weight.copy_(identity)
    restore.bias.zero_()

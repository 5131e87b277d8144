"""Global Context attention [4]: one attended summary of the image, added to every pixel."""

from typing import final

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from spaces.cost import Cost, conv_cost, norm_cost
from spaces.layers.conv import ElasticConv2d
from spaces.layers.slicing import leading

GC_RATIO = 16
FEWEST_PLANES = 16


def gc_planes(width: int) -> int:
    """Channels between the two 1x1 convolutions: C / 16, but at least 16."""
    return max(FEWEST_PLANES, width // GC_RATIO)


def gc_cost(width: int, pixels: int) -> Cost:
    """The mask convolution on every pixel, the two others and the LayerNorm on one; pooling is free."""
    planes = gc_planes(width)
    mask = conv_cost(width, 1, 1, 1, pixels, bias=True)
    reduce = conv_cost(width, planes, 1, 1, 1, bias=True)
    restore = conv_cost(planes, width, 1, 1, 1, bias=True)
    return mask + reduce + norm_cost(planes) + restore


def attended_mean(x: Float[Tensor, "B C H W"], mask: Float[Tensor, "B 1 H W"]) -> Float[Tensor, "B C 1 1"]:
    """The mean of x over pixels, weighted by the softmax of the mask."""
    weights = mask.flatten(2).softmax(dim=2)
    return torch.matmul(x.flatten(2), weights.transpose(1, 2)).unsqueeze(-1)


@final
class GlobalContext(nn.Module):
    """Global Context attention of one width, a plain module."""

    def __init__(self, width: int) -> None:
        super().__init__()
        planes = gc_planes(width)
        self.mask = nn.Conv2d(width, 1, 1)
        self.reduce = nn.Conv2d(width, planes, 1)
        self.norm = nn.LayerNorm([planes, 1, 1])
        self.restore = nn.Conv2d(planes, width, 1)

    def forward(self, x: Float[Tensor, "B C H W"]) -> Float[Tensor, "B C H W"]:
        context = attended_mean(x, self.mask(x))
        return x + self.restore(F.relu(self.norm(self.reduce(context))))


@final
class ElasticLayerNorm(nn.Module):
    """LayerNorm over (C, 1, 1) for however many channels arrive."""

    def __init__(self, widest: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(widest, 1, 1))
        self.bias = nn.Parameter(torch.zeros(widest, 1, 1))

    def forward(self, x: Float[Tensor, "B C 1 1"]) -> Float[Tensor, "B C 1 1"]:
        width = x.shape[1]
        return F.layer_norm(x, (width, 1, 1), leading(self.weight, width), leading(self.bias, width))


@final
class ElasticGlobalContext(nn.Module):
    """Shared 1x1 convolutions; the number of planes follows the active width."""

    def __init__(self, widest: int) -> None:
        super().__init__()
        planes = gc_planes(widest)
        self.mask = ElasticConv2d(widest, 1, 1, bias=True)
        self.reduce = ElasticConv2d(widest, planes, 1, bias=True)
        self.norm = ElasticLayerNorm(planes)
        self.restore = ElasticConv2d(planes, widest, 1, bias=True)

    def forward(self, x: Float[Tensor, "B C H W"]) -> Float[Tensor, "B C H W"]:
        context = attended_mean(x, self.mask(x, 1))
        planes = self.norm(self.reduce(context, gc_planes(x.shape[1])))
        return x + self.restore(F.relu(planes), x.shape[1])

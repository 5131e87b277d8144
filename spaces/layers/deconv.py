"""Transposed convolution of stride 2 with elastic width, kernel {2, 4} and groups."""

from typing import final

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from spaces.layers.slicing import filters


def deconv_padding(kernel: int) -> int:
    """Kernel 4 pads 1 and kernel 2 pads 0, so that stride 2 doubles the resolution exactly."""
    return (kernel - 2) // 2


def to_transposed(weight: Float[Tensor, "O i K K"], groups: int) -> Float[Tensor, "I o K K"]:
    """From filters over their group's inputs, (O, I/G, K, K), to PyTorch's transposed (I, O/G, K, K)."""
    out, inputs, height, width = weight.shape
    by_group = weight.reshape(groups, out // groups, inputs, height, width)
    return by_group.transpose(1, 2).reshape(groups * inputs, out // groups, height, width)


def to_filters(weight: Float[Tensor, "I o K K"], groups: int) -> Float[Tensor, "O i K K"]:
    """From PyTorch's transposed (I, O/G, K, K) to filters over their group's inputs, (O, I/G, K, K)."""
    inputs, out, height, width = weight.shape
    by_group = weight.reshape(groups, inputs // groups, out, height, width)
    return by_group.transpose(1, 2).reshape(groups * out, inputs // groups, height, width)


@final
class ElasticDeconv2d(nn.Module):
    """A shared weight (O, I, K, K) and the same sharing rule as a convolution's (see ElasticConv2d).

    Shapes: B batch, I/O active in/out channels, H/W input; the output has 2H x 2W.
    """

    def __init__(self, inputs: int, widest: int, kernel: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(widest, inputs, kernel, kernel))

    def forward(
        self, x: Float[Tensor, "B I H W"], out: int, kernel: int, groups: int
    ) -> Float[Tensor, "B {out} 2*H 2*W"]:
        weight = to_transposed(filters(self.weight, out, x.shape[1] // groups, kernel), groups)
        return F.conv_transpose2d(x, weight, stride=2, padding=deconv_padding(kernel), groups=groups)

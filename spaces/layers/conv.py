"""Convolution with elastic width, kernel and groups."""

from typing import final

import torch
from jaxtyping import Float
from torch import Tensor, nn

from spaces.layers.grouped import grouped_conv2d
from spaces.layers.slicing import filters, leading


@final
class ElasticConv2d(nn.Module):
    """A shared weight (O, I, K, K), of which a choice takes the leading part.

    `inputs` is the most input channels that one filter can see: the widest input, divided by its groups.
    Shapes: B batch, I/O active in/out channels, H/W input, h/w output. For G groups each filter keeps its
    first I / G inputs (paper, section A.1, Elastic Group Number).
    """

    def __init__(self, inputs: int, widest: int, kernel: int, *, stride: int = 1, bias: bool = False) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(widest, inputs, kernel, kernel))
        self.bias = nn.Parameter(torch.zeros(widest)) if bias else None
        self.stride = stride

    def forward(
        self, x: Float[Tensor, "B I H W"], out: int, kernel: int = 1, groups: int = 1
    ) -> Float[Tensor, "B {out} h w"]:
        weight = filters(self.weight, out, x.shape[1] // groups, kernel)
        bias = None if self.bias is None else leading(self.bias, out)
        return grouped_conv2d(x, weight, bias, stride=self.stride, padding=kernel // 2, groups=groups)

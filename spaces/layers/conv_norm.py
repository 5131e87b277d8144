"""Convolution, BatchNorm and activation: the unit that every block is made of."""

from typing import final

from jaxtyping import Float
from torch import Tensor, nn

from spaces.layers.conv import ElasticConv2d
from spaces.layers.grouped import GroupedConv2d
from spaces.layers.norm import BATCH_NORM_EPS, ElasticBatchNorm2d

ACTIVATIONS: dict[str, type[nn.Module]] = {
    "relu": nn.ReLU,
    "hswish": nn.Hardswish,
    "identity": nn.Identity,
}


def activation(name: str) -> nn.Module:
    """A fresh activation module; in place where it has such a form, for it always follows a BatchNorm."""
    return ACTIVATIONS[name]() if name == "identity" else ACTIVATIONS[name](inplace=True)


@final
class ConvNorm(nn.Module):
    """A convolution, BatchNorm and an activation, a plain module."""

    def __init__(
        self, w_in: int, w_out: int, kernel: int, *, stride: int = 1, groups: int = 1, act: str = "relu"
    ) -> None:
        super().__init__()
        self.conv = GroupedConv2d(w_in, w_out, kernel, stride, kernel // 2, groups=groups, bias=False)
        self.norm = nn.BatchNorm2d(w_out, eps=BATCH_NORM_EPS)
        self.act = activation(act)

    def forward(self, x: Float[Tensor, "B I H W"]) -> Float[Tensor, "B O h w"]:
        return self.act(self.norm(self.conv(x)))


@final
class ElasticConvNorm(nn.Module):
    """Takes its active width, kernel and groups as arguments; the input width is read off the input."""

    def __init__(self, inputs: int, widest: int, kernel: int, *, stride: int = 1, act: str = "relu") -> None:
        super().__init__()
        self.conv = ElasticConv2d(inputs, widest, kernel, stride=stride)
        self.norm = ElasticBatchNorm2d(widest)
        self.act = activation(act)

    def forward(
        self, x: Float[Tensor, "B I H W"], out: int, kernel: int = 1, groups: int = 1
    ) -> Float[Tensor, "B {out} h w"]:
        return self.act(self.norm(self.conv(x, out, kernel, groups)))

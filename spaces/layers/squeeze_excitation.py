"""Squeeze-and-Excitation attention [16]: a gate per channel from the image's mean."""

from typing import final

from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from spaces.cost import Cost, conv_cost
from spaces.layers.conv import ElasticConv2d

SE_RATIO = 4


def se_squeezed(width: int) -> int:
    """Channels between the two 1x1 convolutions (released S-ViPNAS-MobileNetV3: a quarter)."""
    return max(1, width // SE_RATIO)


def se_cost(width: int) -> Cost:
    """Parameters and MACs of both 1x1 convolutions, with bias, on the one pooled pixel."""
    squeezed = se_squeezed(width)
    return conv_cost(width, squeezed, 1, 1, 1, bias=True) + conv_cost(squeezed, width, 1, 1, 1, bias=True)


def hard_gate(x: Tensor) -> Tensor:
    """clamp((x + 1) / 2, 0, 1), the released networks' hard sigmoid."""
    return ((x + 1) / 2).clamp(0, 1)


@final
class SqueezeExcitation(nn.Module):
    """Squeeze-and-Excitation of one width, a plain module."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.reduce = nn.Conv2d(width, se_squeezed(width), 1)
        self.restore = nn.Conv2d(se_squeezed(width), width, 1)

    def forward(self, x: Float[Tensor, "B C H W"]) -> Float[Tensor, "B C H W"]:
        squeezed = F.relu(self.reduce(F.adaptive_avg_pool2d(x, 1)))
        return x * hard_gate(self.restore(squeezed))


@final
class ElasticSqueezeExcitation(nn.Module):
    """Shared 1x1 convolutions; the squeezed width follows the active width."""

    def __init__(self, widest: int) -> None:
        super().__init__()
        self.reduce = ElasticConv2d(widest, se_squeezed(widest), 1, bias=True)
        self.restore = ElasticConv2d(se_squeezed(widest), widest, 1, bias=True)

    def forward(self, x: Float[Tensor, "B C H W"]) -> Float[Tensor, "B C H W"]:
        width = x.shape[1]
        squeezed = F.relu(self.reduce(F.adaptive_avg_pool2d(x, 1), se_squeezed(width)))
        return x * hard_gate(self.restore(squeezed, width))

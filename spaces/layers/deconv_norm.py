"""Transposed convolution, BatchNorm and ReLU: one step of the deconvolution head [56]."""

from typing import final

from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from spaces.cost import Cost, deconv_cost, norm_cost
from spaces.layers.deconv import ElasticDeconv2d, deconv_padding
from spaces.layers.norm import BATCH_NORM_EPS, ElasticBatchNorm2d


def deconv_norm_cost(w_in: int, w_out: int, kernel: int, groups: int, pixels_in: int) -> Cost:
    """Parameters and MACs, the convolution counted on its input pixels (height x width)."""
    return deconv_cost(w_in, w_out, kernel, groups, pixels_in) + norm_cost(w_out)


@final
class DeconvNorm(nn.Module):
    """One step of the head as a plain module; it doubles the resolution."""

    def __init__(self, w_in: int, w_out: int, kernel: int, groups: int) -> None:
        super().__init__()
        self.conv = nn.ConvTranspose2d(
            w_in, w_out, kernel, stride=2, padding=deconv_padding(kernel), groups=groups, bias=False
        )
        self.norm = nn.BatchNorm2d(w_out, eps=BATCH_NORM_EPS)

    def forward(self, x: Float[Tensor, "B I H W"]) -> Float[Tensor, "B O 2*H 2*W"]:
        return F.relu(self.norm(self.conv(x)), inplace=True)


@final
class ElasticDeconvNorm(nn.Module):
    """Doubles the resolution; width, kernel and groups are arguments."""

    def __init__(self, inputs: int, widest: int, kernel: int) -> None:
        super().__init__()
        self.conv = ElasticDeconv2d(inputs, widest, kernel)
        self.norm = ElasticBatchNorm2d(widest)

    def forward(
        self, x: Float[Tensor, "B I H W"], out: int, kernel: int, groups: int
    ) -> Float[Tensor, "B {out} 2*H 2*W"]:
        return F.relu(self.norm(self.conv(x, out, kernel, groups)), inplace=True)

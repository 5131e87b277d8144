"""BatchNorm folded into the convolution in front of it, as every runtime does that is in earnest."""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn

from spaces.layers.conv_norm import ConvNorm
from spaces.layers.deconv_norm import DeconvNorm


@torch.no_grad()
def folded(network: nn.Module) -> nn.Module:
    """A copy of `network` in eval mode, with the same output and no BatchNorm behind its convolutions."""
    network = copy.deepcopy(network).eval()
    for module in network.modules():
        if isinstance(module, (ConvNorm, DeconvNorm)) and isinstance(module.norm, nn.BatchNorm2d):
            _fold(module.conv, module.norm)
            module.norm = nn.Identity()  # type: ignore[assignment]
    return network


def _fold(conv: nn.Conv2d | nn.ConvTranspose2d, norm: nn.BatchNorm2d) -> None:
    """y = (conv(x) - mean) * scale + shift, with the scale in the filters and the rest in the bias."""
    assert norm.running_mean is not None
    assert norm.running_var is not None
    scale = norm.weight * torch.rsqrt(norm.running_var + norm.eps)
    conv.weight.mul_(_per_filter(conv, scale))
    before = torch.zeros_like(scale) if conv.bias is None else conv.bias
    conv.bias = nn.Parameter((before - norm.running_mean) * scale + norm.bias)


def _per_filter(conv: nn.Conv2d | nn.ConvTranspose2d, scale: Tensor) -> Tensor:
    """`scale` (O) in the shape of the weight: (O, I/G, k, k), transposed (I, O/G, k, k)."""
    if isinstance(conv, nn.Conv2d):
        return scale.view(-1, 1, 1, 1)
    inputs = conv.in_channels // conv.groups
    grouped = scale.view(conv.groups, 1, -1).expand(-1, inputs, -1)
    return grouped.reshape(conv.in_channels, -1, 1, 1)

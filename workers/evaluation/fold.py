"""BatchNorm folded into the convolution before it, as every runtime does that is in earnest."""

# Shapes: I/O in/out channels, g groups, k kernel.
from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

Conv = nn.Conv2d | nn.ConvTranspose2d


@contextmanager
def norms_folded(network: nn.Module) -> Iterator[None]:
    """While open, where a module has a `conv` and behind it a `norm`, the norm does nothing but in the conv.

    Output equal to that in eval mode to float32's rounding; statistics are taken as they are, so recalibrate
    before. What else normalises stays. Afterwards the network is what it was: copying it would take longer.
    """
    pairs = list(_pairs(network))
    kept = [(conv.weight, conv.bias) for _, conv, _ in pairs]
    try:
        for module, conv, norm in pairs:
            conv.weight, conv.bias = _folded(conv, norm)
            module.norm = nn.Identity()
        yield
    finally:
        for (module, conv, norm), (weight, bias) in zip(pairs, kept, strict=True):
            conv.weight, conv.bias, module.norm = weight, bias, norm


def _pairs(network: nn.Module) -> Iterator[tuple[nn.Module, Conv, nn.BatchNorm2d]]:
    for module in network.modules():
        conv, norm = getattr(module, "conv", None), getattr(module, "norm", None)
        if isinstance(conv, Conv) and isinstance(norm, nn.BatchNorm2d):
            yield module, conv, norm


def folded(network: nn.Module) -> nn.Module:
    """A copy of `network` in eval mode, with the same output and no BatchNorm behind its convolutions."""
    return fold_norms(copy.deepcopy(network).eval())


def fold_norms(network: nn.Module) -> nn.Module:
    """The network itself with its norms folded for good, for predicting a few images many times."""
    for module, conv, norm in list(_pairs(network)):
        conv.weight, conv.bias = _folded(conv, norm)
        module.norm = nn.Identity()
    return network


@torch.no_grad()
def _folded(conv: Conv, norm: nn.BatchNorm2d) -> tuple[nn.Parameter, nn.Parameter]:
    assert norm.running_mean is not None
    assert norm.running_var is not None
    scale = norm.weight.double() / torch.sqrt(norm.running_var.double() + norm.eps)
    before = 0 if conv.bias is None else conv.bias.double()
    bias = norm.bias.double() + (before - norm.running_mean.double()) * scale
    weight = _scaled(conv, scale).float().contiguous(memory_format=torch.channels_last)
    return nn.Parameter(weight, requires_grad=False), nn.Parameter(bias.float(), requires_grad=False)


def _scaled(conv: Conv, scale: Tensor) -> Tensor:
    """The weight in float64, each output channel times its scale."""
    weight = conv.weight.double()
    if isinstance(conv, nn.Conv2d):
        return weight * scale[:, None, None, None]
    by_group = weight.view(conv.groups, -1, *weight.shape[1:])  # (g, I/g, O/g, k, k): outputs count by group
    return (by_group * scale.view(conv.groups, 1, -1, 1, 1)).view_as(weight)

"""Costs counted on a network itself, to hold the closed forms against; weights that let inputs through."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from spaces.architecture import Architecture
from spaces.cost import Cost
from spaces.layers.conv import ElasticConv2d
from spaces.layers.deconv import ElasticDeconv2d
from spaces.space import SearchSpace

Network = TypeVar("Network", bound=nn.Module)
CONVOLUTIONS = (nn.Conv2d, nn.ConvTranspose2d)


def counted(
    network: nn.Module, input_hw: tuple[int, int], device: str = "cpu", others: Sequence[Tensor] = ()
) -> Cost:
    """Parameters, and the MACs of every convolution run for one image; transposed ones by input pixels.

    `others` are what the network takes beside the image.
    """
    macs: dict[type[nn.Module], int] = dict.fromkeys(CONVOLUTIONS, 0)

    def count(module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        assert isinstance(module, CONVOLUTIONS)
        kind = nn.Conv2d if isinstance(module, nn.Conv2d) else nn.ConvTranspose2d
        pixels = output if kind is nn.Conv2d else inputs[0]
        macs[kind] += module.weight.numel() * pixels.shape[-2] * pixels.shape[-1]

    handles = [
        each.register_forward_hook(count) for each in network.modules() if isinstance(each, CONVOLUTIONS)
    ]
    with torch.no_grad():
        network.eval()(torch.zeros(1, 3, *input_hw, device=device), *others)
    for handle in handles:
        handle.remove()
    params = sum(each.numel() for each in network.parameters())
    return Cost(params, macs[nn.Conv2d], macs[nn.ConvTranspose2d])


def meta_network(space: SearchSpace, architecture: Architecture) -> nn.Module:
    """The plain network without memory for its weights."""
    with torch.device("meta"):
        return space.network(architecture)


@torch.no_grad()
def fill(network: Network, seed: int = 0) -> Network:
    """Weights, norms and biases at which every layer passes its input on; the paper's own hide it."""
    generator = torch.Generator().manual_seed(seed)

    def uniform(tensor: Any, low: float, high: float) -> None:
        tensor.uniform_(low, high, generator=generator)

    for module in network.modules():
        own = dict(module.named_parameters(recurse=False)) | dict(module.named_buffers(recurse=False))
        if isinstance(module, ElasticConv2d | ElasticDeconv2d | nn.Conv2d | nn.ConvTranspose2d):
            spread = (3 / own["weight"][0].numel()) ** 0.5
            uniform(own["weight"], -spread, spread)
        elif "weight" in own:
            uniform(own["weight"], 0.5, 1.5)
        if own.get("bias") is not None:
            uniform(own["bias"], -0.02, 0.02)
        if "running_var" in own:
            uniform(own["running_mean"], -0.02, 0.02)
            uniform(own["running_var"], 0.1, 0.3)
    return network

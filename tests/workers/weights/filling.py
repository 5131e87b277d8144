"""Weights with which a network's output depends on its input, as it hardly does freshly initialised."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

GAIN = 1.5  # at 1 signals die on the way; at 2 they grow until single precision loses the output


@torch.no_grad()
def fill(network: nn.Module, seed: int = 0) -> nn.Module:
    """Draws every parameter and buffer so that signals keep their size, and sets the network to eval mode."""
    generator = torch.Generator().manual_seed(seed)
    for name, tensor in network.state_dict().items():
        tensor.copy_(_drawn(name, tensor, generator))
    return network.eval()


def _drawn(name: str, tensor: Tensor, generator: torch.Generator) -> Tensor:
    if not tensor.is_floating_point():
        return torch.randint(1, 1000, tensor.shape, generator=generator)
    noise = torch.randn(tensor.shape, generator=generator)
    if tensor.dim() == 4:
        return noise * math.sqrt(GAIN / tensor[0].numel())
    if name.endswith(("running_var", "weight")):
        return 1 + 0.2 * noise.clamp(-2, 2)
    return 0.1 * noise


def draw_images(batch: int, input_hw: tuple[int, int], seed: int = 0) -> Tensor:
    """Standard normal (batch, 3, H, W)."""
    return torch.randn(batch, 3, *input_hw, generator=torch.Generator().manual_seed(seed))

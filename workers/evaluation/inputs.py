"""Prepared crops as what a network takes, on the device where its weights lie."""

# Shapes: N crops, B batch, H/W input pixels, C/h/w of features.
from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from workers.data.normalise import to_input


def for_evaluation(network: nn.Module) -> nn.Module:
    """The network itself in eval mode and channels_last (grouped convolutions are three times as fast so)."""
    network.eval()
    return network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]


def network_input(network: nn.Module, images: np.ndarray | Tensor) -> Tensor:
    """Crops (B, H, W, 3) uint8 -> float32 (B, 3, H, W), channels_last, on the network's device.

    Features (B, C, h, w), which some network has made of crops, are what they are.
    """
    if isinstance(images, Tensor):
        return images
    writable = images if images.flags.writeable else images.copy()  # torch warns of read-only memory
    return to_input(writable, device_of(network))


def device_of(network: nn.Module) -> torch.device:
    """The device of the network's first weight; the CPU without weights."""
    return next((p.device for p in network.parameters()), torch.device("cpu"))

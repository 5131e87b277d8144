"""Crops as the network's input, normalised with the RGB statistics of the released networks."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

MEAN_RGB = (123.675, 116.28, 103.53)
STD_RGB = (58.395, 57.12, 57.375)


def to_input(images: np.ndarray | Tensor, device: torch.device | str | None = None) -> Tensor:
    """RGB crops uint8 (B, H, W, 3) -> float32 (B, 3, H, W), channels_last, on `device`.

    The bytes travel to the device before they become floats, a quarter of the traffic.
    """
    tensor = torch.from_numpy(images) if isinstance(images, np.ndarray) else images
    pixels = tensor.to(device, non_blocking=True).contiguous().float()
    # Row by row of the image: on a CPU, three numbers for each pixel take four times as long.
    rows, width = pixels.flatten(0, 1).flatten(1), pixels.shape[2]
    mean, std = (torch.tensor(figures, device=pixels.device).repeat(width) for figures in (MEAN_RGB, STD_RGB))
    rows.sub_(mean).div_(std)
    return pixels.permute(0, 3, 1, 2).contiguous(memory_format=torch.channels_last)

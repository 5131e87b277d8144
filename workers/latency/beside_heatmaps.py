"""A frame's network as a function of its image alone, as measurements want it."""

from typing import final

import torch
from jaxtyping import Float
from torch import Tensor, nn

from spaces.streams import Stream, torch_generator


@final
class BesideHeatmaps(nn.Module):
    """A T-ViPNet with fixed heatmaps (1, K, H/4, W/4): time does not depend on what is in them."""

    heatmaps: Tensor

    def __init__(self, network: nn.Module, keypoints: int, input_hw: tuple[int, int]) -> None:
        super().__init__()
        height, width = input_hw
        generator = torch_generator(Stream.TIMED_HEATMAPS, seed=0)
        drawn = torch.rand(1, keypoints, height // 4, width // 4, generator=generator)
        self.network = network
        self.register_buffer("heatmaps", drawn)  # so it gets the network's memory format

    def forward(self, image: Float[Tensor, "1 3 H W"]) -> Float[Tensor, "1 K h w"]:
        heatmaps: Tensor = self.network(image, self.heatmaps)
        return heatmaps

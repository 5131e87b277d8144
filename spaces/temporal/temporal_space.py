"""What one T-ViPNet can be: any CNN downward from the found S-ViPNet, and a fusion (section 3.3)."""

from dataclasses import dataclass
from functools import cached_property
from typing import final

import numpy as np
from torch import nn

from spaces.architecture import Architecture
from spaces.cost import Cost
from spaces.errors import ArchitectureError
from spaces.space import SearchSpace
from spaces.temporal.allocation import OPERATIONS, FrameChoice, Fusion, Operation
from spaces.temporal.downward import downward
from spaces.temporal.fusion import fusion_cost
from spaces.temporal.network import TemporalNetwork, TemporalSupernet


@final
@dataclass(frozen=True)
class TemporalSpace:
    """Below the found architecture `key_frame` of the space `spatial`; a network maps an image and heatmaps
    (B, K, H/4, W/4) of the frame before to heatmaps.

    F1, F2 ... are the features behind every stage of the backbone (`SearchSpace.outlets`): four of ResNet-50
    and HRNet-W32, six of MobileNetV3. Every frame has a fusion, as in the paper; without `operations` none
    has (Figure 6a's control). Raises ArchitectureError when `key_frame` is outside `spatial`.
    """

    spatial: SearchSpace
    key_frame: Architecture
    operations: tuple[Operation, ...] = OPERATIONS

    def __post_init__(self) -> None:
        self.spatial.check(self.key_frame)
        if self.operations and not self.spatial.outlets:
            raise ArchitectureError(
                f"space {self.spatial.name!r} must say where heatmaps can be fused (SearchSpace.outlets), "
                "but it has no such place"
            )

    @property
    def name(self) -> str:
        return f"t-{self.spatial.name}"

    @cached_property
    def cnn(self) -> SearchSpace:
        """Everything that a frame's CNN can be; its biggest is the key frame's."""
        return downward(self.spatial, self.key_frame)

    @cached_property
    def fusions(self) -> tuple[Fusion | None, ...]:
        """Everything that a frame's fusion can be, stage by stage."""
        stages = range(1, len(self.spatial.outlets) + 1)
        return tuple(Fusion(stage, each) for stage in stages for each in self.operations) or (None,)

    @property
    def heatmap_pixels(self) -> int:
        height, width = self.spatial.input_hw
        return (height // 4) * (width // 4)

    def supernet(self) -> TemporalSupernet:
        """The weight-shared network: forward(images, heatmaps, choice)."""
        return TemporalSupernet(self.cnn, self.operations)

    def network(self, choice: FrameChoice) -> TemporalNetwork:
        """The plain network of one frame's choice with fresh weights: forward(images, heatmaps)."""
        return TemporalNetwork(self.cnn, choice)

    def first_parts(self, network: nn.Module) -> tuple[nn.Sequential, ...]:
        """A frame's plain network up to the first inlet of its CNN, from there to the second, and so on."""
        return tuple(
            nn.Sequential(*(network.get_submodule(f"cnn.{name}") for name in inlet.modules))
            for inlet in self.cnn.inlets
        )

    def cost(self, choice: FrameChoice) -> Cost:
        """Parameters and MACs of one frame in closed form; nothing is built."""
        cnn = self.cnn.cost(choice.architecture)
        return cnn if choice.fusion is None else cnn + self.fusion_cost(choice.architecture, choice.fusion)

    def fusion_cost(self, architecture: Architecture, fusion: Fusion) -> Cost:
        """What the fusion adds to the architecture."""
        outlet = self.spatial.outlets[fusion.stage - 1]
        width = self.cnn.parts(architecture)[outlet.part].width
        return self.fusion_cost_at(fusion, width)

    def fusion_cost_at(self, fusion: Fusion, part_width: int) -> Cost:
        """What the fusion adds where the part in front of it has `part_width`."""
        outlet, keypoints = self.spatial.outlets[fusion.stage - 1], self.spatial.keypoints
        width = outlet.outputs * part_width
        return fusion_cost(fusion.operation, keypoints, width, outlet.pixels, self.heatmap_pixels)

    def sample_fusion(self, rng: np.random.Generator) -> Fusion | None:
        """Uniform over `fusions`."""
        return self.fusions[int(rng.integers(len(self.fusions)))]

    def sample(self, rng: np.random.Generator) -> FrameChoice:
        """A CNN uniform per dimension, and a fusion."""
        return FrameChoice(self.cnn.sample(rng), self.sample_fusion(rng))

    def check(self, choice: FrameChoice) -> None:
        """Raises ArchitectureError naming what lies outside; having no fusion is always inside."""
        self.cnn.check(choice.architecture)
        if choice.fusion is not None and choice.fusion not in self.fusions:
            raise ArchitectureError(
                f"a fusion of space {self.name!r} must be behind stage 1 to {len(self.spatial.outlets)} and "
                f"one of {', '.join(self.operations) or 'no operations'}, but it is {choice.fusion}"
            )

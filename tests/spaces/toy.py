"""A worked example: a search space of one's own, with nothing but what every space must say.

A strided stem and two stages of grouped convolutions; the second stage takes in the width of the first.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from torch import Tensor, nn

from spaces.architecture import Architecture, StageChoice
from spaces.cost import Cost, conv_cost, conv_norm_cost
from spaces.layers.conv import ElasticConv2d
from spaces.layers.conv_norm import ConvNorm, ElasticConvNorm
from spaces.ranges import GroupPowers, GroupSteps, StageRange
from spaces.space import SearchSpace

CHANNELS = 3  # of an image


class ToySpace(SearchSpace):
    def cost(self, architecture: Architecture) -> Cost:
        parts = self.parts(architecture)
        return sum((self.part_cost(parts[:at], part) for at, part in enumerate(parts)), Cost())

    def part_cost(self, before: Sequence[StageChoice], choice: StageChoice) -> Cost:
        width_in = before[-1].width if before else CHANNELS
        pixels = math.prod(self.input_hw) // (4 if not before else 16)
        cost = conv_norm_cost(width_in, choice.width, choice.kernel, 1, pixels)
        other = conv_norm_cost(choice.width, choice.width, choice.kernel, choice.groups, pixels)
        cost += other * (choice.depth - 1)
        if len(before) == len(self.ranges) - 1:
            cost += conv_cost(choice.width, self.keypoints, 1, 1, pixels, bias=True)
        return cost

    def carried(self, before: Sequence[StageChoice]) -> int:
        return before[-1].width

    def network(self, architecture: Architecture) -> nn.Module:
        return ToyNetwork(self, architecture)

    def supernet(self) -> nn.Module:
        return ToySupernet(self)


class ToyNetwork(nn.Sequential):
    def __init__(self, space: ToySpace, architecture: Architecture) -> None:
        width_in, stages = CHANNELS, []
        for part, stage in zip(space.parts(architecture), space.ranges, strict=True):
            first = ConvNorm(width_in, part.width, part.kernel, stride=stage.stride)
            others = (
                ConvNorm(part.width, part.width, part.kernel, groups=part.groups)
                for _ in range(part.depth - 1)
            )
            stages.append(nn.Sequential(first, *others))
            width_in = part.width
        super().__init__(*stages, nn.Conv2d(width_in, space.keypoints, 1))


class ToySupernet(nn.ModuleList):
    """The same names of parameters as the plain network's, so that extraction finds them."""

    def __init__(self, space: ToySpace) -> None:
        self.space, widest_in, stages = space, CHANNELS, []
        for stage in space.ranges:
            widest = max(stage.width)
            first = ElasticConvNorm(widest_in, widest, max(stage.kernel), stride=stage.stride)
            others = (ElasticConvNorm(widest, widest, max(stage.kernel)) for _ in range(max(stage.depth) - 1))
            stages.append(nn.ModuleList([first, *others]))
            widest_in = widest
        super().__init__([*stages, ElasticConv2d(widest_in, space.keypoints, 1, bias=True)])

    def forward(self, x: Tensor, architecture: Architecture) -> Tensor:
        *stages, final = self
        for blocks, part in zip(stages, self.space.parts(architecture), strict=True):
            first, *others = blocks.children()
            x = first(x, part.width, part.kernel)
            for block in others[: part.depth - 1]:
                x = block(x, part.width, part.kernel, part.groups)
        return final(x, self.space.keypoints)


def toy(keypoints: int = 17, input_hw: tuple[int, int] = (64, 32)) -> ToySpace:
    powers = GroupPowers(1, 8)
    return ToySpace(
        name="toy",
        stem=StageRange(width=(8, 16), kernel=(3,), groups=GroupSteps(1, 1), stride=2),
        stages=(
            StageRange(depth=(1, 2, 3), width=(8, 16, 24), kernel=(3, 5), groups=powers, stride=2),
            StageRange(depth=(1, 2), width=(16, 24), kernel=(3,), groups=powers),
        ),
        head=None,
        keypoints=keypoints,
        input_hw=input_hw,
    )

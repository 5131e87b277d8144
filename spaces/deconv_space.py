"""Spaces shaped as a simple baseline (SBL [56]): a stem, stages of one kind of block, deconvolutions."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from jaxtyping import Float
from torch import Tensor, nn

from spaces.architecture import Architecture, StageChoice
from spaces.blocks.mobile import ElasticMobileBlock, MobileBlock, mobile_block_cost
from spaces.cost import Cost, conv_cost, conv_norm_cost
from spaces.layers.conv import ElasticConv2d
from spaces.layers.conv_norm import ConvNorm, ElasticConvNorm
from spaces.layers.deconv_norm import DeconvNorm, ElasticDeconvNorm, deconv_norm_cost
from spaces.ranges import StageRange
from spaces.space import SearchSpace


@dataclass(frozen=True)
class BlockKind:
    """One kind of block: plain(width_in, choice, stride, act), elastic(entry, range, stride), and its cost,
    cost(width_in, choice, stride, pixels_in, pixels_out).

    `entry` holds the widths that may come into a stage; it is None for every block but the stage's first.
    """

    plain: Callable[[int, StageChoice, int, str], nn.Module]
    elastic: Callable[[tuple[int, ...] | None, StageRange, int], nn.Module]
    cost: Callable[[int, StageChoice, int, int, int], Cost]


MOBILE = BlockKind(plain=MobileBlock, elastic=ElasticMobileBlock, cost=mobile_block_cost)


@dataclass(frozen=True)
class DeconvSpace(SearchSpace):
    """`pooled_stem` adds the 3x3 max pooling of stride 2 that ResNets have behind the stem."""

    block: BlockKind = MOBILE
    pooled_stem: bool = False

    def cost(self, architecture: Architecture) -> Cost:
        cost = self._cost_of_stem(architecture.stem)
        widths = [architecture.stem.width, *(stage.width for stage in architecture.stages)]
        for index, (width_in, choice) in enumerate(zip(widths, architecture.stages, strict=False)):
            cost += stage_cost(self, index, width_in, choice)
        assert architecture.head is not None
        return cost + head_cost(self, widths[-1], architecture.head)

    def part_cost(self, before: Sequence[StageChoice], choice: StageChoice) -> Cost:
        index = len(before) - 1
        if index < 0:
            return self._cost_of_stem(choice)
        if index < len(self.stages):
            return stage_cost(self, index, before[-1].width, choice)
        return head_cost(self, before[-1].width, choice)

    def carried(self, before: Sequence[StageChoice]) -> int:
        """The width that the next part takes in."""
        return before[-1].width if before else 0

    def supernet(self) -> DeconvSupernet:
        return DeconvSupernet(self)

    def network(self, architecture: Architecture) -> DeconvNetwork:
        return DeconvNetwork(self, architecture)

    def pixels_behind(self, index: int) -> int:
        """Pixels of the features behind stage `index`; -1 is the stem with its pooling."""
        stride = self.stem.stride * (2 if self.pooled_stem else 1)
        stride *= math.prod(stage.stride for stage in self.stages[: index + 1])
        return math.ceil(self.input_hw[0] / stride) * math.ceil(self.input_hw[1] / stride)

    def _cost_of_stem(self, stem: StageChoice) -> Cost:
        height, width = (math.ceil(side / self.stem.stride) for side in self.input_hw)
        return conv_norm_cost(3, stem.width, stem.kernel, stem.groups, height * width)


@lru_cache(maxsize=1 << 16)
def stage_cost(space: DeconvSpace, index: int, width_in: int, choice: StageChoice) -> Cost:
    """The first block, which may change width and resolution, and the alike others."""
    before, behind = space.pixels_behind(index - 1), space.pixels_behind(index)
    first = space.block.cost(width_in, choice, space.stages[index].stride, before, behind)
    other = space.block.cost(choice.width, choice, 1, behind, behind)
    return first + other * (choice.depth - 1)


@lru_cache(maxsize=1 << 12)
def head_cost(space: DeconvSpace, width_in: int, head: StageChoice) -> Cost:
    """Transposed convolutions, each doubling the resolution, and the 1x1 convolution to heatmaps."""
    pixels = space.pixels_behind(len(space.stages) - 1)
    cost = Cost()
    for source in (width_in, *[head.width] * (head.depth - 1)):
        cost += deconv_norm_cost(source, head.width, head.kernel, head.groups, pixels)
        pixels *= 4
    return cost + conv_cost(head.width, space.keypoints, 1, 1, pixels, bias=True)


class DeconvNetwork(nn.Module):
    """The plain network of one architecture."""

    def __init__(self, space: DeconvSpace, architecture: Architecture) -> None:
        super().__init__()
        stem, head = architecture.stem, architecture.head
        assert head is not None
        self.stem = ConvNorm(3, stem.width, stem.kernel, stride=space.stem.stride, act=space.stem.act)
        self.pool = nn.MaxPool2d(3, 2, 1) if space.pooled_stem else nn.Identity()
        chain = pairwise((stem, *architecture.stages))
        self.stages = nn.Sequential(
            *(
                _plain_stage(space.block, before.width, choice, stage)
                for (before, choice), stage in zip(chain, space.stages, strict=True)
            )
        )
        widths = (architecture.stages[-1].width, *[head.width] * head.depth)
        self.deconvs = nn.Sequential(
            *(DeconvNorm(source, out, head.kernel, head.groups) for source, out in pairwise(widths))
        )
        self.final = nn.Conv2d(head.width, space.keypoints, 1)

    def forward(self, x: Float[Tensor, "B 3 H W"]) -> Float[Tensor, "B K h w"]:
        return self.final(self.deconvs(self.stages(self.pool(self.stem(x)))))


def _plain_stage(kind: BlockKind, width_in: int, choice: StageChoice, stage: StageRange) -> nn.Sequential:
    first = kind.plain(width_in, choice, stage.stride, stage.act)
    others = (kind.plain(choice.width, choice, 1, stage.act) for _ in range(choice.depth - 1))
    return nn.Sequential(first, *others)


class DeconvSupernet(nn.Module):
    """The weight-shared network; parameters have the same names as the plain network's."""

    def __init__(self, space: DeconvSpace) -> None:
        super().__init__()
        head = space.head
        assert head is not None
        stem, widest = space.stem, max(head.width)
        self.stem = ElasticConvNorm(3, max(stem.width), max(stem.kernel), stride=stem.stride, act=stem.act)
        self.pool = nn.MaxPool2d(3, 2, 1) if space.pooled_stem else nn.Identity()
        self.stages = nn.ModuleList(
            _elastic_stage(space.block, before.width, stage)
            for before, stage in pairwise((stem, *space.stages))
        )
        self.deconvs = nn.ModuleList(
            ElasticDeconvNorm(_deconv_inputs(head, sources), widest, max(head.kernel))
            for sources in (space.stages[-1].width, *[head.width] * (max(head.depth) - 1))
        )
        self.final = ElasticConv2d(widest, space.keypoints, 1, bias=True)
        self.keypoints = space.keypoints

    def forward(
        self, x: Float[Tensor, "B 3 H W"], architecture: Architecture
    ) -> Float[Tensor, "B K h w"]:
        stem, head = architecture.stem, architecture.head
        assert head is not None
        x = self.pool(self.stem(x, stem.width, stem.kernel, stem.groups))
        for blocks, choice in zip(self.stages, architecture.stages, strict=True):
            for block in list(blocks.children())[: choice.depth]:
                x = block(x, choice)
        for deconv in list(self.deconvs)[: head.depth]:
            x = deconv(x, head.width, head.kernel, head.groups)
        return self.final(x, self.keypoints)


def _elastic_stage(kind: BlockKind, entry: tuple[int, ...], stage: StageRange) -> nn.ModuleList:
    first = kind.elastic(entry, stage, stage.stride)
    others = (kind.elastic(None, stage, 1) for _ in range(max(stage.depth) - 1))
    return nn.ModuleList([first, *others])


def _deconv_inputs(head: StageRange, sources: tuple[int, ...]) -> int:
    """The most inputs that one filter of a deconvolution behind `sources` can see."""
    return max(
        source // groups
        for source in sources
        for width in head.width
        for groups in head.groups.options(source, width)
    )  # fmt: skip

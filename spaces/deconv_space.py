"""Spaces shaped as a simple baseline (SBL [56]): a stem, stages of one kind of block, deconvolutions."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import accumulate, pairwise
from operator import mul
from typing import final

from jaxtyping import Float
from torch import Tensor, nn

from spaces.architecture import Architecture, StageChoice
from spaces.blocks.mobile import ElasticMobileBlock, MobileBlock, mobile_block_cost
from spaces.cost import Cost, conv_cost, conv_norm_cost
from spaces.layers.conv import ElasticConv2d
from spaces.layers.conv_norm import ConvNorm, ElasticConvNorm
from spaces.layers.deconv_norm import DeconvNorm, ElasticDeconvNorm, deconv_norm_cost
from spaces.ranges import StageRange
from spaces.space import Inlet, Outlet, SearchSpace, Tap, untouched

# width_in, choice, stride, pixels_in, pixels_out
BlockCost = Callable[[int, StageChoice, int, int, int], Cost]


@final
@dataclass(frozen=True)
class BlockKind:
    """One kind of block: plain(width_in, choice, stride, act), elastic(entry, range, stride), and its cost.

    `entry` holds the widths that may come into a stage; it is None for every block but the stage's first.
    """

    plain: Callable[[int, StageChoice, int, str], nn.Module]
    elastic: Callable[[tuple[int, ...] | None, StageRange, int], nn.Module]
    cost: BlockCost


MOBILE = BlockKind(plain=MobileBlock, elastic=ElasticMobileBlock, cost=mobile_block_cost)


@final
@dataclass(frozen=True)
class DeconvSpace(SearchSpace):
    """`pooled_stem` adds the 3x3 max pooling of stride 2 that ResNets have behind the stem."""

    block: BlockKind = MOBILE
    pooled_stem: bool = False

    def cost(self, architecture: Architecture) -> Cost:
        cost = self._cost_of_stem(architecture.stem)
        widths = [architecture.stem.width, *(stage.width for stage in architecture.stages)]
        for index, (width_in, choice) in enumerate(zip(widths, architecture.stages, strict=False)):
            cost += self._cost_of_stage(index, width_in, choice)
        assert architecture.head is not None
        return cost + self._cost_of_head(widths[-1], architecture.head)

    def part_cost(self, before: Sequence[StageChoice], choice: StageChoice) -> Cost:
        index = len(before) - 1
        if index < 0:
            return self._cost_of_stem(choice)
        if index < len(self.stages):
            return self._cost_of_stage(index, before[-1].width, choice)
        return self._cost_of_head(before[-1].width, choice)

    def carried(self, before: Sequence[StageChoice]) -> int:
        """The width that the next part takes in."""
        return before[-1].width if before else 0

    @cached_property
    def outlets(self) -> tuple[Outlet, ...]:
        """Behind every stage, before the head."""
        return tuple(Outlet(index, 1, pixels) for index, pixels in enumerate(self.pixels[1:], start=1))

    @property
    def inlets(self) -> tuple[Inlet, ...]:
        """Behind the stem with its pooling, and behind stage 1."""
        stem, first = self.pixels[:2]
        return Inlet(0, 1, stem, ("stem", "pool")), Inlet(1, 1, first, ("stages.0",))

    def supernet(self) -> "DeconvSupernet":
        return DeconvSupernet(self)

    def network(self, architecture: Architecture) -> "DeconvNetwork":
        return DeconvNetwork(self, architecture)

    @cached_property
    def pixels(self) -> tuple[int, ...]:
        """Pixels of the features behind the stem with its pooling, then behind every stage."""
        pooling = 2 if self.pooled_stem else 1
        strides = accumulate((stage.stride for stage in self.stages), mul, initial=self.stem.stride * pooling)
        return tuple(self._pixels_at(stride) for stride in strides)

    def _pixels_at(self, stride: int) -> int:
        return math.ceil(self.input_hw[0] / stride) * math.ceil(self.input_hw[1] / stride)

    def _cost_of_stem(self, stem: StageChoice) -> Cost:
        return conv_norm_cost(3, stem.width, stem.kernel, stem.groups, self._pixels_at(self.stem.stride))

    def _cost_of_stage(self, index: int, width_in: int, choice: StageChoice) -> Cost:
        pixels_in, pixels = self.pixels[index : index + 2]
        return stage_cost(self.block.cost, width_in, choice, self.stages[index].stride, pixels_in, pixels)

    def _cost_of_head(self, width_in: int, head: StageChoice) -> Cost:
        return head_cost(width_in, head, self.pixels[-1], self.keypoints)


@lru_cache(maxsize=1 << 16)
def stage_cost(
    block_cost: BlockCost, width_in: int, choice: StageChoice, stride: int, pixels_in: int, pixels: int
) -> Cost:
    """The first block, which may change width and resolution, and the alike others."""
    first = block_cost(width_in, choice, stride, pixels_in, pixels)
    other = block_cost(choice.width, choice, 1, pixels, pixels)
    return first + other * (choice.depth - 1)


@lru_cache(maxsize=1 << 14)
def head_cost(width_in: int, head: StageChoice, pixels: int, keypoints: int) -> Cost:
    """Transposed convolutions, each doubling the resolution, and the 1x1 convolution to heatmaps."""
    cost = Cost()
    for source in (width_in, *[head.width] * (head.depth - 1)):
        cost += deconv_norm_cost(source, head.width, head.kernel, head.groups, pixels)
        pixels *= 4
    return cost + conv_cost(head.width, keypoints, 1, 1, pixels, bias=True)


@final
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

    def forward(self, x: Float[Tensor, "B 3 H W"], tap: Tap = untouched) -> Float[Tensor, "B K H//4 W//4"]:
        x = self.pool(self.stem(x))
        for index, stage in enumerate(self.stages, start=1):
            x = tap(index, stage(x))
        return self.final(self.deconvs(x))


def _plain_stage(kind: BlockKind, width_in: int, choice: StageChoice, stage: StageRange) -> nn.Sequential:
    first = kind.plain(width_in, choice, stage.stride, stage.act)
    others = (kind.plain(choice.width, choice, 1, stage.act) for _ in range(choice.depth - 1))
    return nn.Sequential(first, *others)


@final
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
        first, later = _deconv_inputs(head, space.stages[-1].width)
        self.deconvs = nn.ModuleList(
            ElasticDeconvNorm(inputs, widest, max(head.kernel))
            for inputs in (first, *[later] * (max(head.depth) - 1))
        )
        self.final = ElasticConv2d(widest, space.keypoints, 1, bias=True)
        self.keypoints = space.keypoints

    def forward(
        self, x: Float[Tensor, "B 3 H W"], architecture: Architecture, tap: Tap = untouched
    ) -> Float[Tensor, "B K H//4 W//4"]:
        stem, head = architecture.stem, architecture.head
        assert head is not None
        x = self.pool(self.stem(x, stem.width, stem.kernel, stem.groups))
        for index, (blocks, choice) in enumerate(zip(self.stages, architecture.stages, strict=True), start=1):
            for block in list(blocks.children())[: choice.depth]:
                x = block(x, choice)
            x = tap(index, x)
        for deconv in list(self.deconvs)[: head.depth]:
            x = deconv(x, head.width, head.kernel, head.groups)
        return self.final(x, self.keypoints)


def _elastic_stage(kind: BlockKind, entry: tuple[int, ...], stage: StageRange) -> nn.ModuleList:
    first = kind.elastic(entry, stage, stage.stride)
    others = (kind.elastic(None, stage, 1) for _ in range(max(stage.depth) - 1))
    return nn.ModuleList([first, *others])


def _deconv_inputs(head: StageRange, trunk: tuple[int, ...]) -> tuple[int, int]:
    """The most inputs that one filter can see: of the first deconvolution, of the others behind it."""
    seen = [
        (source // groups, width // groups)
        for source in trunk
        for width in head.width
        for groups in head.groups.options(source, width)
    ]
    return max(first for first, _ in seen), max(later for _, later in seen)

"""Spaces shaped as HRNet [49]: a stem, bottlenecks, stages of parallel branches, one 1x1 convolution."""

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import final

from torch import nn

from spaces.architecture import Architecture, StageChoice
from spaces.blocks.basic import basic_block_cost
from spaces.cost import Cost, conv_cost, conv_norm_cost
from spaces.hrnet_exchange import path_cost, transition_cost
from spaces.hrnet_network import SE_BOTTLENECK, HRNetwork, HRSupernet, branch_counts, module_depths
from spaces.space import Inlet, Outlet, SearchSpace


@final
@dataclass(frozen=True, slots=True)
class Place:
    """Where a part stands: `branch` of a multi-resolution stage whose own parts begin at part `start`."""

    start: int
    branch: int
    branches: int
    previous: int  # branches of the stage before
    final: bool  # whether it is the last stage


@final
@dataclass(frozen=True)
class HRNetSpace(SearchSpace):
    """`stages` are the bottleneck stage, then the branches of stage 2, those of stage 3, and so on."""

    details = ("attention", "groups")

    def cost(self, architecture: Architecture) -> Cost:
        parts = self.parts(architecture)
        cost = Cost()
        for index, choice in enumerate(parts):
            cost += self.part_cost(parts[:index], choice)
        return cost

    def part_cost(self, before: Sequence[StageChoice], choice: StageChoice) -> Cost:
        """A branch adds its blocks, the transition into it, and its paths from and to the branches before."""
        if not before:
            return self._stem_cost(choice)
        if len(before) == 1:
            return bottlenecks_cost(before[0].width, choice, self.pixels[0])
        place = self.places[len(before) - 2]
        earlier = tuple([part.width for part in before[place.start :]])
        cost = branch_cost(self.pixels, place, self._source_width(before, place), earlier, choice)
        if place.final and place.branch == 0:
            cost += conv_cost(choice.width, self.keypoints, 1, 1, self.pixels[0], bias=True)
        return cost

    def carried(self, before: Sequence[StageChoice]) -> Hashable:
        """The stage's depth and widths so far, and the widths before it that later branches start from."""
        if len(before) < 2:
            return tuple(part.width for part in before)
        if len(before) == len(self.ranges):
            return ()
        place = self.places[len(before) - 2]
        sources = before[place.start - place.previous : place.start]
        kept = sources[min(place.branch, place.previous - 1) :]
        depth = before[-1].depth if place.branch else 0
        return (
            depth,
            tuple(part.width for part in kept),
            tuple(part.width for part in before[place.start :]),
        )

    @cached_property
    def outlets(self) -> tuple[Outlet, ...]:
        """Behind stage 1, and behind the first branch of every later stage.

        That branch has the heatmaps' own resolution, so nothing is lost in resizing; every exchange and
        transition carries it to the others; and it alone goes on behind the last stage.
        """
        starts = [place.start for place in self.places if place.branch == 0]
        bottlenecks = Outlet(1, SE_BOTTLENECK.outputs, self.pixels[0])
        return (bottlenecks, *(Outlet(start, 1, self.pixels[0]) for start in starts))

    @property
    def inlets(self) -> tuple[Inlet, ...]:
        """Behind the stem, and behind stage 1; from there on there are branches."""
        pixels = self.pixels[0]
        return Inlet(0, 1, pixels, ("stem",)), Inlet(1, SE_BOTTLENECK.outputs, pixels, ("bottlenecks",))

    def supernet(self) -> HRSupernet:
        return HRSupernet(self.stem, self.stages, self.keypoints)

    def network(self, architecture: Architecture) -> nn.Module:
        return HRNetwork(architecture.stem, architecture.stages, self.keypoints)

    @cached_property
    def part_names(self) -> tuple[str, ...]:
        branches = (
            f"stage{stage}_branch{branch}"
            for stage, count in enumerate(branch_counts(len(self.stages)), start=2)
            for branch in range(1, count + 1)
        )
        return ("stem", "stage1", *branches)

    @cached_property
    def pixels(self) -> tuple[int, ...]:
        """Pixels of every branch's features; the first has a quarter of the input's height and width."""
        strides = (4 << branch for branch in range(max(branch_counts(len(self.stages)))))
        return tuple(self._pixels_at(stride) for stride in strides)

    @cached_property
    def places(self) -> tuple[Place, ...]:
        """One for every part from stage 2 on."""
        counts = branch_counts(len(self.stages))
        found = []
        start = 2
        for stage, (previous, count) in enumerate(zip((1, *counts), counts, strict=False), start=1):
            found += [Place(start, branch, count, previous, stage == len(counts)) for branch in range(count)]
            start += count
        return tuple(found)

    def _pixels_at(self, stride: int) -> int:
        return math.ceil(self.input_hw[0] / stride) * math.ceil(self.input_hw[1] / stride)

    def _stem_cost(self, stem: StageChoice) -> Cost:
        first = conv_norm_cost(3, stem.width, stem.kernel, stem.groups, self._pixels_at(2))
        return first + conv_norm_cost(stem.width, stem.width, stem.kernel, stem.groups, self.pixels[0])

    @staticmethod
    def _source_width(before: Sequence[StageChoice], place: Place) -> int:
        source = before[place.start - place.previous + min(place.branch, place.previous - 1)]
        return SE_BOTTLENECK.width(source) if place.start == 2 else source.width


@lru_cache(maxsize=1 << 14)
def bottlenecks_cost(width_in: int, choice: StageChoice, pixels: int) -> Cost:
    """The first block, which may change the width, and the alike others."""
    first = SE_BOTTLENECK.cost(width_in, choice, 1, pixels, pixels)
    other = SE_BOTTLENECK.cost(SE_BOTTLENECK.width(choice), choice, 1, pixels, pixels)
    return first + other * (choice.depth - 1)


@lru_cache(maxsize=1 << 17)
def branch_cost(
    pixels: tuple[int, ...], place: Place, source_width: int, earlier: tuple[int, ...], choice: StageChoice
) -> Cost:
    """Transition, blocks, and the exchange with the `earlier` branches of the stage, given by their widths.

    The last exchange of the last stage leads to the first branch alone.
    """
    branch, width = place.branch, choice.width
    modules = len(module_depths(choice.depth))
    whole = modules - 1 if place.final else modules
    cost = entry_cost(source_width, choice, 1 if branch < place.previous else 2, pixels[branch])
    for other, other_width in enumerate(earlier):
        cost += exchange_cost(pixels, (other, other_width), (branch, width), whole, modules)
    return cost


@lru_cache(maxsize=1 << 14)
def entry_cost(source_width: int, choice: StageChoice, stride: int, pixels: int) -> Cost:
    """The transition into a branch and its blocks."""
    transition = transition_cost(source_width, choice.width, stride, pixels)
    return transition + basic_block_cost(choice, pixels) * choice.depth


@lru_cache(maxsize=1 << 14)
def exchange_cost(
    pixels: tuple[int, ...], upper: tuple[int, int], lower: tuple[int, int], whole: int, modules: int
) -> Cost:
    """Both paths between two branches, each given as its index and width, in all exchanges of a stage."""
    (target, width), (branch, lower_width) = upper, lower
    down = path_cost(width, lower_width, target, branch, pixels) * whole
    return down + path_cost(lower_width, width, branch, target, pixels) * (whole if target else modules)

"""HRNet, plain and weight-shared: parallel branches that keep every resolution from stage 2 on [49]."""

from collections.abc import Sequence
from itertools import pairwise
from typing import TypeVar, final

from jaxtyping import Float
from torch import Tensor, nn

from spaces.architecture import Architecture, StageChoice
from spaces.blocks.basic import BasicBlock, ElasticBasicBlock
from spaces.blocks.bottleneck import Bottleneck, BottleneckKind
from spaces.hrnet_exchange import (
    ElasticExchange,
    ElasticTransition,
    Exchange,
    FeatureMaps,
    transition,
)
from spaces.layers.attention import SE
from spaces.layers.conv import ElasticConv2d
from spaces.layers.conv_norm import ConvNorm, ElasticConvNorm
from spaces.ranges import StageRange
from spaces.space import Tap, untouched

MODULE_DEPTH = 4  # blocks of every branch between two exchanges
SE_BOTTLENECK = BottleneckKind(SE, outputs=4)

Part = TypeVar("Part", StageChoice, StageRange)


def module_depths(depth: int) -> list[int]:
    """Blocks of every module of a stage: as many full modules as fit, and one with the rest."""
    return [min(MODULE_DEPTH, depth - start) for start in range(0, depth, MODULE_DEPTH)]


def branch_counts(parts: int) -> tuple[int, ...]:
    """Branches of the multi-resolution stages, 2, 3, 4 ..., among `parts` of which the first is stage 1."""
    counts: list[int] = []
    while sum(counts) < parts - 1:
        counts.append(len(counts) + 2)
    return tuple(counts)


def by_stage(parts: Sequence[Part]) -> list[Sequence[Part]]:
    """The branches of every multi-resolution stage."""
    starts = [1]
    for count in branch_counts(len(parts)):
        starts.append(starts[-1] + count)
    return [parts[start:end] for start, end in pairwise(starts)]


@final
class HRNetwork(nn.Module):
    """The plain network of one stem choice and the choices of stage 1 and of every later branch."""

    def __init__(self, stem: StageChoice, stages: Sequence[StageChoice], keypoints: int) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            *(ConvNorm(source, stem.width, stem.kernel, stride=2) for source in (3, stem.width))
        )
        first, multi = stages[0], by_stage(stages)
        width = SE_BOTTLENECK.width(first)
        widths_in = (stem.width, *[width] * (first.depth - 1))
        self.bottlenecks = nn.Sequential(
            *(Bottleneck(SE_BOTTLENECK, source, first, 1) for source in widths_in)
        )
        widths = [[width], *([choice.width for choice in choices] for choices in multi)]
        self.transitions = nn.ModuleList(_transition(before, after) for before, after in pairwise(widths))
        self.stages = nn.ModuleList(_plain_stage(choices, choices is multi[-1]) for choices in multi)
        self.final = nn.Conv2d(multi[-1][0].width, keypoints, 1)

    def forward(self, x: Float[Tensor, "B 3 H W"], tap: Tap = untouched) -> Float[Tensor, "B K H//4 W//4"]:
        features = [tap(1, self.bottlenecks(self.stem(x)))]
        for number, (paths, stage) in enumerate(zip(self.transitions, self.stages, strict=True), start=2):
            starts = zip(paths.children(), continued(features), strict=True)
            first, *others = stage([path(x) for path, x in starts])
            features = [tap(number, first), *others]
        return self.final(features[0])


def continued(features: FeatureMaps) -> FeatureMaps:
    """What the branches of the next stage start from: their own features; the new one, the last branch's."""
    return [*features, features[-1]]


def _transition(before: Sequence[int], after: Sequence[int]) -> nn.ModuleList:
    sources, strides = (*before, before[-1]), (*[1] * len(before), 2)
    return nn.ModuleList(transition(*of) for of in zip(sources, after, strides, strict=True))


def _plain_stage(choices: Sequence[StageChoice], last: bool) -> nn.Sequential:
    depths = module_depths(choices[0].depth)
    outputs = _outputs(len(choices), len(depths), last)
    return nn.Sequential(*(MultiResolution(choices, *of) for of in zip(depths, outputs, strict=True)))


def _outputs(branches: int, modules: int, last: bool) -> list[int]:
    """Branches behind every module; the last module of the last stage only leads to the first branch."""
    return [branches] * (modules - 1) + [1 if last else branches]


@final
class MultiResolution(nn.Module):
    """The plain twin of ElasticMultiResolution."""

    def __init__(self, choices: Sequence[StageChoice], depth: int, outputs: int) -> None:
        super().__init__()
        self.branches = nn.ModuleList(
            nn.Sequential(*(BasicBlock(choice) for _ in range(depth))) for choice in choices
        )
        self.exchange = Exchange([choice.width for choice in choices], outputs)

    def forward(self, features: FeatureMaps) -> FeatureMaps:
        return self.exchange([branch(x) for branch, x in zip(self.branches, features, strict=True)])


@final
class ElasticMultiResolution(nn.Module):
    """Up to 4 blocks in every branch and the exchange behind them."""

    def __init__(self, ranges: Sequence[StageRange], depth: int, outputs: int) -> None:
        super().__init__()
        self.branches = nn.ModuleList(
            nn.ModuleList(ElasticBasicBlock(stage) for _ in range(depth)) for stage in ranges
        )
        self.exchange = ElasticExchange([max(stage.width) for stage in ranges], outputs)

    def forward(
        self, features: FeatureMaps, choices: Sequence[StageChoice], depth: int, outputs: int
    ) -> FeatureMaps:
        computed = []
        for blocks, start, choice in zip(self.branches, features, choices, strict=True):
            x = start
            for block in list(blocks.children())[:depth]:
                x = block(x, choice)
            computed.append(x)
        return self.exchange(computed, outputs)


@final
class HRSupernet(nn.Module):
    """The weight-shared network; parameters have the same names as the plain network's."""

    def __init__(self, stem: StageRange, stages: Sequence[StageRange], keypoints: int) -> None:
        super().__init__()
        widest = max(stem.width)
        self.stem = nn.ModuleList(
            ElasticConvNorm(source, widest, max(stem.kernel), stride=2) for source in (3, widest)
        )
        first, multi = stages[0], by_stage(stages)
        entries = (stem.width, *[None] * (max(first.depth) - 1))
        self.bottlenecks = nn.ModuleList(SE_BOTTLENECK.elastic(entry, first, 1) for entry in entries)
        widths = [
            [tuple(SE_BOTTLENECK.outputs * width for width in first.width)],
            *([stage.width for stage in ranges] for ranges in multi),
        ]
        self.transitions = nn.ModuleList(
            _elastic_transition(before, after) for before, after in pairwise(widths)
        )
        self.stages = nn.ModuleList(_elastic_stage(ranges, ranges is multi[-1]) for ranges in multi)
        self.final = ElasticConv2d(max(multi[-1][0].width), keypoints, 1, bias=True)
        self.keypoints = keypoints

    def forward(
        self, x: Float[Tensor, "B 3 H W"], architecture: Architecture, tap: Tap = untouched
    ) -> Float[Tensor, "B K H//4 W//4"]:
        stem, first = architecture.stem, architecture.stages[0]
        for conv in self.stem:
            x = conv(x, stem.width, stem.kernel, stem.groups)
        for block in list(self.bottlenecks)[: first.depth]:
            x = block(x, first)
        features, multi = [tap(1, x)], by_stage(architecture.stages)
        along = zip(self.transitions, self.stages, multi, strict=True)
        for number, (paths, stage, choices) in enumerate(along, start=2):
            starts = zip(paths.children(), continued(features), choices, strict=True)
            features = [path(x, choice.width) for path, x, choice in starts]
            depths = module_depths(choices[0].depth)
            outputs = _outputs(len(choices), len(depths), choices is multi[-1])
            for module, depth, out in zip(stage.children(), depths, outputs, strict=False):
                features = module(features, choices, depth, out)
            features[0] = tap(number, features[0])
        return self.final(features[0], self.keypoints)


def _elastic_transition(before: Sequence[tuple[int, ...]], after: Sequence[tuple[int, ...]]) -> nn.ModuleList:
    sources, strides = (*before, before[-1]), (*[1] * len(before), 2)
    return nn.ModuleList(ElasticTransition(*of) for of in zip(sources, after, strides, strict=True))


def _elastic_stage(ranges: Sequence[StageRange], last: bool) -> nn.ModuleList:
    depths = module_depths(max(ranges[0].depth))
    outputs = _outputs(len(ranges), len(depths), last)
    return nn.ModuleList(ElasticMultiResolution(ranges, *of) for of in zip(depths, outputs, strict=True))

"""A space cut down to what is no more than one of its architectures: the CNNs of the T supernet."""

from dataclasses import dataclass, replace
from typing import TypeVar, final

from spaces.architecture import Architecture, StageChoice
from spaces.ranges import GroupRule, StageRange
from spaces.space import SearchSpace

S = TypeVar("S", bound=SearchSpace)


@final
@dataclass(frozen=True, slots=True)
class NoMoreInputs:
    """The group numbers of a rule at which no filter sees more inputs than `most` does.

    `most` has one number for each of the last of the widths that the group number must divide.
    """

    rule: GroupRule
    most: tuple[int, ...]

    def options(self, *widths: int) -> tuple[int, ...]:
        bounded = list(zip(widths[-len(self.most) :], self.most[-len(widths) :], strict=True))
        return tuple(
            groups
            for groups in self.rule.options(*widths)
            if all(width // groups <= most for width, most in bounded)
        )


def downward(space: S, biggest: Architecture) -> S:
    """The space of everything in `space` that is at most `biggest`, which is its biggest architecture.

    Depth, width, kernel and expansion are at most those of `biggest`, and attention is off where it has none.
    More groups are less computation, so groups are bounded by how many inputs a filter sees: at most as many
    as in `biggest`. Every weight then fits inside those of `biggest`. A width for which no group number is
    left, at some value of another dimension, is dropped (ResNet-50's 304 under 320 with 64 groups).

    Raises ArchitectureError when `biggest` is outside the space.
    """
    space.check(biggest)
    stages = tuple(map(_stage_below, space.stages, biggest.stages))
    stem = _stage_below(space.stem, biggest.stem)
    if space.head is None:
        return replace(space, stem=stem, stages=stages)
    assert biggest.head is not None
    trunk, head = _head_below(space.head, stages[-1], biggest.stages[-1], biggest.head)
    return replace(space, stem=stem, stages=(*stages[:-1], trunk), head=head)


def _stage_below(stage: StageRange, most: StageChoice) -> StageRange:
    below = _ranges_below(stage, most)
    groups = NoMoreInputs(stage.groups, (most.middle // most.groups,))
    fitting = tuple(
        width for width in below.width if all(groups.options(int(width * ratio)) for ratio in below.expansion)
    )
    return replace(below, width=fitting, groups=groups)


def _head_below(
    head: StageRange, trunk: StageRange, last: StageChoice, most: StageChoice
) -> tuple[StageRange, StageRange]:
    """The last stage and the head; every width of the one goes with every width of the other."""
    below = _ranges_below(head, most)
    groups = NoMoreInputs(head.groups, (last.width // most.groups, most.width // most.groups))
    sources = tuple(width for width in trunk.width if groups.options(width, most.width))
    widths = tuple(width for width in below.width if all(groups.options(source, width) for source in sources))
    return replace(trunk, width=sources), replace(below, width=widths, groups=groups)


def _ranges_below(stage: StageRange, most: StageChoice) -> StageRange:
    return replace(
        stage,
        depth=tuple(depth for depth in stage.depth if depth <= most.depth),
        width=tuple(width for width in stage.width if width <= most.width),
        kernel=tuple(kernel for kernel in stage.kernel if kernel <= most.kernel),
        expansion=tuple(ratio for ratio in stage.expansion if ratio <= most.expansion),
        attention=tuple(on for on in stage.attention if on <= most.attention),
    )

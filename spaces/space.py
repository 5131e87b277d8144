"""A search space: its ranges, and what follows from ranges alone (sampling, bounds, checks, variation)."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from itertools import product
from typing import Any, ClassVar, final

import numpy as np
from torch import Tensor, nn

from spaces.architecture import Architecture, StageChoice
from spaces.cost import Cost
from spaces.errors import ArchitectureError
from spaces.ranges import GroupRule, StageRange

PickOption = Callable[[str, str, Sequence[Any]], Any]  # part, dimension and its options -> the one taken
Tap = Callable[[int, Tensor], Tensor]
"""Given a stage's number, from 1, and the features behind it: what goes on in their place, of their shape."""

DIMENSIONS = ("depth", "width", "kernel", "attention", "expansion", "groups")
MUTATION_RATE = 0.15
UNDECIDED = StageChoice(depth=0, width=0, kernel=0, groups=0)


def untouched(_stage: int, features: Tensor) -> Tensor:
    """The tap that taps nothing."""
    return features


@final
@dataclass(frozen=True, slots=True)
class Outlet:
    """The point at which a network hands a stage's features to its tap: behind part `part`, stem first."""

    part: int
    outputs: int  # the features' width / the part's width
    pixels: int  # of the features


@final
@dataclass(frozen=True, slots=True)
class Inlet:
    """A point at which a plain network may begin: behind part `part`, with its features for an image.

    They follow from the image and the parts up to there, for no tap comes before them.
    """

    part: int
    outputs: int  # the features' width / the part's width
    pixels: int  # of the features
    modules: tuple[str, ...]  # names of those that lead here from the inlet before, in order


@dataclass(frozen=True)
class SearchSpace(ABC):
    """Ranges for the stem, the stages in order and the head; a network maps (B, 3, H, W) to (B, K, H/4, W/4).

    `keypoints` K and `input_hw` (pixels, multiples of 32) are arguments of the space, not of an architecture.
    """

    name: str
    stem: StageRange
    stages: tuple[StageRange, ...]
    head: StageRange | None
    keypoints: int = 17
    input_hw: tuple[int, int] = (256, 192)

    # Dimensions whose share of a part's cost and options does not depend on the parts before it, given the
    # part's other dimensions, and that no later part depends on: constrained sampling is quicker for them.
    details: ClassVar[tuple[str, ...]] = ()

    @abstractmethod
    def cost(self, architecture: Architecture) -> Cost:
        """Parameters and MACs in closed form; nothing is built."""

    @abstractmethod
    def supernet(self) -> nn.Module:
        """The weight-shared network: forward(x, architecture)."""

    @abstractmethod
    def network(self, architecture: Architecture) -> nn.Module:
        """The plain network of one architecture, in or out of this space's ranges, with fresh weights."""

    @abstractmethod
    def part_cost(self, before: Sequence[StageChoice], choice: StageChoice) -> Cost:
        """What `choice` adds behind the parts `before` (stem first); over all parts it sums to `cost`."""

    def carried(self, before: Sequence[StageChoice]) -> Hashable:
        """All of the parts `before` that the options and the cost of later parts depend on.

        The fewer values it has, the quicker is sampling under a constraint (spaces/chain.py).
        """
        return tuple(before)

    @cached_property
    def outlets(self) -> tuple[Outlet, ...]:
        """One for every stage, in order, whose features a tap may change: forward(x, ..., tap=...).

        A space without any has no temporal level. None lies behind the last part.
        """
        return ()

    @property
    def inlets(self) -> tuple[Inlet, ...]:
        """Points at which a plain network may begin, first parts first; with none it begins with images."""
        return ()

    def choices(
        self,
        before: Sequence[StageChoice],
        names: Sequence[str] = DIMENSIONS,
        start: StageChoice = UNDECIDED,
    ) -> tuple[StageChoice, ...]:
        """Everything that the part behind the parts `before` can be: `start` with all options for `names`."""
        free = tuple(name for name in names if name != "groups")
        options = (tuple(self._options(len(before), name, start, before)) for name in free)
        found = _combinations(start, free, tuple(options))
        if "groups" not in names:
            return found
        return tuple(
            replace(choice, groups=groups)
            for choice in found
            for groups in self._options(len(before), "groups", choice, before)
        )

    @cached_property
    def ranges(self) -> tuple[StageRange, ...]:
        """Stem, stages, head: the parts in the order of `parts`."""
        head = () if self.head is None else (self.head,)
        return (self.stem, *self.stages, *head)

    @cached_property
    def part_names(self) -> tuple[str, ...]:
        stages = tuple(f"stage{index}" for index in range(1, len(self.stages) + 1))
        return ("stem", *stages, *(() if self.head is None else ("head",)))

    def parts(self, architecture: Architecture) -> tuple[StageChoice, ...]:
        """The choices of the stem, the stages and the head."""
        head = () if architecture.head is None else (architecture.head,)
        return (architecture.stem, *architecture.stages, *head)

    def sample(self, rng: np.random.Generator) -> Architecture:
        """Each dimension uniform over its options, the group number last, over those that its widths allow.

        This is uniform per dimension, not over architectures.
        """
        draws = iter(rng.random(len(self.ranges) * len(DIMENSIONS)).tolist())
        return self._build(lambda _part, _name, options: options[int(next(draws) * len(options))])

    def biggest(self) -> Architecture:
        """The most of everything and the fewest groups: it bounds every cost from above."""
        return self._build(lambda _, name, options: options[0] if name == "groups" else options[-1])

    def smallest(self) -> Architecture:
        """The least of everything and the most groups: it bounds every cost from below."""
        return self._build(lambda _, name, options: options[-1] if name == "groups" else options[0])

    def mutate(
        self, parent: Architecture, rng: np.random.Generator, rate: float = MUTATION_RATE
    ) -> Architecture:
        """Each dimension is drawn anew with probability `rate`; group numbers that no longer fit, always."""
        inherited = iter([getattr(part, name) for part in self.parts(parent) for name in DIMENSIONS])

        def pick(_part: str, _name: str, options: Sequence[Any]) -> Any:
            value = next(inherited)
            keep = value in options and rng.random() >= rate
            return value if keep else options[int(rng.integers(len(options)))]

        return self._build(pick)

    def crossover(self, mother: Architecture, father: Architecture, rng: np.random.Generator) -> Architecture:
        """Each dimension comes from either parent; group numbers that do not fit are drawn anew."""
        values = (
            [getattr(part, name) for part in self.parts(parent) for name in DIMENSIONS]
            for parent in (mother, father)
        )
        inherited = iter(list(zip(*values, strict=True)))

        def pick(_part: str, _name: str, options: Sequence[Any]) -> Any:
            fitting = [value for value in next(inherited) if value in options] or list(options)
            return fitting[int(rng.integers(len(fitting)))]

        return self._build(pick)

    def dimensions(self) -> dict[str, tuple[Any, ...]]:
        """Every dimension that leaves a choice, as "part.dimension", with all values it can take, ascending.

        Which group numbers are open depends on the widths; here they are all named.
        """
        named: dict[str, tuple[Any, ...]] = {}
        for part, stage in zip(self.part_names, self.ranges, strict=True):
            options = {name: getattr(stage, name) for name in DIMENSIONS if name != "groups"}
            options["groups"] = self._all_groups(stage)
            if stage.tied_depth:
                del options["depth"]
            named |= {f"{part}.{name}": tuple(values) for name, values in options.items() if len(values) > 1}
        return named

    def describe(self, architecture: Architecture) -> dict[str, Any]:
        """The architecture as values of `dimensions()`."""
        parts = dict(zip(self.part_names, self.parts(architecture), strict=True))
        return {name: getattr(parts[part], dimension) for name, part, dimension in self._split_names}

    @cached_property
    def _split_names(self) -> tuple[tuple[str, str, str], ...]:
        """Each of `dimensions()` with its part and its name there."""
        split = ((name, *name.partition(".")) for name in self.dimensions())
        return tuple((name, part, dimension) for name, part, _, dimension in split)

    def nearest(self, values: Mapping[str, Any]) -> Architecture:
        """The architecture with these values of `dimensions()`, the nearest option where one does not fit."""

        def pick(part: str, name: str, options: Sequence[Any]) -> Any:
            wanted = values.get(f"{part}.{name}", options[0])
            return min(options, key=lambda option: abs(option - wanted))

        return self._build(pick)

    def check(self, architecture: Architecture) -> None:
        """Raises ArchitectureError naming the first part and dimension outside the ranges."""
        if architecture.space != self.name:
            raise ArchitectureError(
                f"an architecture of space {self.name!r} is needed, but this is one of {architecture.space!r}"
            )
        parts = self.parts(architecture)
        if len(parts) != len(self.ranges):
            raise ArchitectureError(
                f"space {self.name!r} has the parts {', '.join(self.part_names)}, "
                f"but the architecture has {len(parts)} parts"
            )
        for part, name, value, options in self._choices(parts):
            if value not in options:
                raise ArchitectureError(
                    f"{self.part_names[part]}.{name} must be one of {list(options)} in space {self.name!r}, "
                    f"but it is {value}"
                )

    def contains(self, architecture: Architecture) -> bool:
        try:
            self.check(architecture)
        except ArchitectureError:
            return False
        return True

    def _all_groups(self, stage: StageRange) -> tuple[int, ...]:
        sources = self.stages[-1].width if stage is self.head else (0,)  # gcd(0, width) is width
        pairs = ((source, middle) for source in sources for middle in stage.middles)
        return tuple(sorted({groups for pair in pairs for groups in stage.groups.options(*pair)}))

    def _build(self, pick: PickOption) -> Architecture:
        parts: list[StageChoice] = []
        *free, groups = DIMENSIONS
        for index, part in enumerate(self.part_names):
            values = {name: pick(part, name, self._options(index, name, UNDECIDED, parts)) for name in free}
            options = self._options(index, groups, StageChoice(groups=0, **values), parts)
            parts.append(StageChoice(groups=pick(part, groups, options), **values))
        return self.assemble(parts)

    def assemble(self, parts: Sequence[StageChoice]) -> Architecture:
        stages = parts[1:] if self.head is None else parts[1:-1]
        head = None if self.head is None else parts[-1]
        return Architecture(space=self.name, stem=parts[0], stages=tuple(stages), head=head)

    def _choices(self, parts: Sequence[StageChoice]) -> Iterator[tuple[int, str, Any, Sequence[Any]]]:
        for index, choice in enumerate(parts):
            for name in DIMENSIONS:
                options = self._options(index, name, choice, parts[:index])
                yield index, name, getattr(choice, name), options

    def _options(
        self, index: int, name: str, choice: StageChoice, before: Sequence[StageChoice]
    ) -> Sequence[Any]:
        """What dimension `name` of a part may be, given the part so far and the parts before it."""
        stage = self.ranges[index]
        if name == "groups":
            return _group_options(stage.groups, self._grouped_widths(index, choice, before))
        if name == "depth" and stage.tied_depth:
            return (before[-1].depth,)
        return getattr(stage, name)

    def _grouped_widths(
        self, index: int, choice: StageChoice, before: Sequence[StageChoice]
    ) -> tuple[int, ...]:
        """The widths that a part's group number must divide; a deconvolution's input is the last stage."""
        if self.head is not None and index == len(self.ranges) - 1:
            return (before[-1].width, choice.width)
        return (choice.middle,)


@lru_cache(maxsize=1 << 12)
def _group_options(rule: GroupRule, widths: tuple[int, ...]) -> tuple[int, ...]:
    return rule.options(*widths)


@lru_cache(maxsize=1 << 10)
def _combinations(
    start: StageChoice, names: tuple[str, ...], options: tuple[tuple[Any, ...], ...]
) -> tuple[StageChoice, ...]:
    return tuple(replace(start, **dict(zip(names, values, strict=True))) for values in product(*options))

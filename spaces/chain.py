"""A space as a chain of decisions: what each can be and add, given what the parts before it carry over."""

from abc import ABC, abstractmethod
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Generic, TypeVar, final

import numpy as np
from jaxtyping import Int

from spaces.architecture import Architecture, StageChoice
from spaces.cost import Cost
from spaces.space import DIMENSIONS, SearchSpace

COSTS = ("macs", "params")  # columns of Links.costs

Parts = tuple[StageChoice, ...]

P = TypeVar("P")  # what is picked at a decision
C_co = TypeVar("C_co", covariant=True)  # what a whole path makes


@final
@dataclass(frozen=True, eq=False)
class Links(Generic[P]):
    """What one decision can be behind one state. Shapes: L choices, C costs (see COSTS)."""

    choices: tuple[P, ...]
    after: Int[np.ndarray, " L"]  # the state that each choice leads to
    costs: Int[np.ndarray, "L C"]  # what each choice adds


@final
@dataclass(frozen=True, eq=False)
class Decision(Generic[P]):
    """One part, or one step of it. `states[state]` are its links; the first one has state 0 alone."""

    states: tuple[Links[P], ...]
    completes: bool  # whether the part is whole behind it

    @cached_property
    def costs(self) -> Int[np.ndarray, "L C"]:
        """What the links of all states add, state by state."""
        return np.concatenate([links.costs for links in self.states])

    @cached_property
    def after(self) -> Int[np.ndarray, " L"]:
        """The states that the links of all states lead to, state by state."""
        return np.concatenate([links.after for links in self.states])

    @cached_property
    def first(self) -> Int[np.ndarray, " S"]:
        """Where every state's links begin in `costs` and `after`."""
        return np.cumsum([0, *(len(links.choices) for links in self.states[:-1])])


@dataclass(frozen=True, eq=False)
class Decisions(ABC, Generic[P, C_co]):
    """Decisions in order; a path takes one choice, by its number, at each of them.

    Shapes: N paths, D decisions, C costs (see COSTS).
    """

    decisions: tuple[Decision[P], ...]

    @abstractmethod
    def read(self, path: Int[np.ndarray, " D"]) -> C_co:
        """What the choices of one path, D numbers, make together."""

    @property
    def links(self) -> int:
        """How many links all states of all decisions have."""
        return sum(len(links.choices) for decision in self.decisions for links in decision.states)

    def costs(self, paths: Int[np.ndarray, "N D"]) -> Int[np.ndarray, "N C"]:
        """The whole cost of every path."""
        states = np.zeros(len(paths), dtype=np.int64)
        total = np.zeros((len(paths), len(COSTS)), dtype=np.int64)
        for decision, picks in zip(self.decisions, paths.T, strict=True):
            links = decision.first[states] + picks
            total += decision.costs[links]
            states = decision.after[links]
        return total


@final
@dataclass(frozen=True, eq=False)
class Chain(Decisions[StageChoice, Architecture]):
    """All decisions of a space; a path is an architecture."""

    space: SearchSpace

    def read(self, path: Int[np.ndarray, " D"]) -> Architecture:
        state, parts = 0, []
        for decision, pick in zip(self.decisions, path, strict=True):
            links = decision.states[state]
            state = int(links.after[pick])
            if decision.completes:
                parts.append(links.choices[pick])
        return self.space.assemble(parts)


@lru_cache(maxsize=8)
def chain(space: SearchSpace) -> Chain:
    """Walks the space once. A state is a value of `space.carried`, shown by the first parts that have it.

    A part is one decision; with `space.details` it is two, the outline and then the details, so that details
    are priced once for an outline and not once for every state.
    """
    decisions: list[Decision[StageChoice]] = []
    examples: list[Parts] = [()]
    for index in range(len(space.ranges)):
        last = index == len(space.ranges) - 1
        if space.details:
            outlines = _States()
            decisions.append(Decision(tuple(_outlines(space, examples, outlines, last)), completes=False))
            examples = outlines.examples
        behind = _States()
        step = _details if space.details else _whole
        decisions.append(Decision(tuple(step(space, examples, behind, last)), completes=True))
        examples = behind.examples
    return Chain(tuple(decisions), space)


@final
class _States:
    """Numbers states in the order of their appearance, and keeps the first parts that led to each."""

    def __init__(self) -> None:
        self.numbers: dict[Hashable, int] = {}
        self.examples: list[Parts] = []

    def number(self, state: Hashable, example: Parts) -> int:
        if state not in self.numbers:
            self.numbers[state] = len(self.examples)
            self.examples.append(example)
        return self.numbers[state]


def _whole(
    space: SearchSpace, examples: list[Parts], behind: _States, last: bool
) -> Iterator[Links[StageChoice]]:
    for before in examples:
        choices = space.choices(before)
        after = [_next(space, (*before, choice), behind, last) for choice in choices]
        yield Links(choices, np.array(after), _costs([space.part_cost(before, choice) for choice in choices]))


def _outlines(
    space: SearchSpace, examples: list[Parts], behind: _States, last: bool
) -> Iterator[Links[StageChoice]]:
    """Choices of everything but the details, priced with the cheapest details."""
    names = [name for name in DIMENSIONS if name not in space.details]
    cheapest: dict[StageChoice, StageChoice] = {}
    for before in examples:
        for outline in (outlines := space.choices(before, names)):
            if outline not in cheapest:
                options = space.choices(before, space.details, outline)
                costs = [space.part_cost(before, option).macs for option in options]
                cheapest[outline] = options[int(np.argmin(costs))]
        choices = tuple([cheapest[outline] for outline in outlines])
        after = []
        for choice in choices:
            whole = (*before, choice)
            after.append(behind.number((choice, None if last else space.carried(whole)), whole))
        yield Links(choices, np.array(after), _costs([space.part_cost(before, choice) for choice in choices]))


def _details(
    space: SearchSpace, examples: list[Parts], behind: _States, last: bool
) -> Iterator[Links[StageChoice]]:
    """Every choice with the outline of the example's last part, priced as the difference to it."""
    known: dict[StageChoice, tuple[Parts, Int[np.ndarray, "L C"]]] = {}
    for *before, cheapest in examples:
        if cheapest not in known:
            choices = space.choices(before, space.details, cheapest)
            costs = _costs([space.part_cost(before, choice) for choice in choices])
            known[cheapest] = choices, costs - _costs([space.part_cost(before, cheapest)])
        choices, costs = known[cheapest]
        after = _next(space, (*before, cheapest), behind, last)
        yield Links(choices, np.full(len(choices), after), costs)


def _next(space: SearchSpace, parts: Parts, behind: _States, last: bool) -> int:
    return behind.number(None if last else space.carried(parts), parts)


def _costs(costs: Sequence[Cost]) -> Int[np.ndarray, "L C"]:
    return np.array([[cost.macs, cost.params] for cost in costs], dtype=np.int64)

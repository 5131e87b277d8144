"""What the joint search may propose: allocations whose average over T + 1 frames keeps every bound."""

from __future__ import annotations

import math
from collections.abc import Mapping, Set
from functools import cached_property
from typing import Any

import numpy as np
from jaxtyping import Float

from platform.samplers.feasible import MUTATIONS
from spaces.constraint import Constraint
from spaces.temporal.allocation import Allocation
from spaces.temporal.allocation_space import AllocationSpace
from spaces.temporal.average import average, on_the_sum
from spaces.temporal.drawing import sample_allocation


class FeasibleAllocations:
    """The allocations of a space within a constraint on the average frame, as the paper's tables report it.

    The key frame counts: T + 1 frames share what S and the T networks cost. A bound on equation 3's sum over
    the T frames is `spaces.temporal.average.on_the_average` of it.
    """

    def __init__(self, space: AllocationSpace, constraint: Constraint) -> None:
        self.space, self.constraint = space, constraint

    @cached_property
    def on_sum(self) -> Constraint:
        """The same bounds on the sum over T frames; ConstraintError where they leave nothing beside S."""
        return on_the_sum(self.space, self.constraint)

    def allows(self, candidate: Allocation) -> bool:
        return self.space.contains(candidate) and self.on_sum.allows(self.space.cost(candidate))

    def sample(self, rng: np.random.Generator, seen: Set[str] = frozenset()) -> Allocation:
        return sample_allocation(self.space, self.on_sum, rng, seen)

    def mutate(self, parent: Allocation, rng: np.random.Generator) -> Allocation:
        return self.mutate_behind(parent, 0, rng)

    def mutate_behind(self, parent: Allocation, keep: int, rng: np.random.Generator) -> Allocation:
        """The same behind its first `keep` frames, which stay; as many dimensions change as in `mutate`."""
        free = len(self._dimensions) * (self.space.drawn - keep) / self.space.drawn
        mutant = self.space.mutate(parent, rng, rate=min(1, MUTATIONS / free))
        return self.joined(parent, mutant, keep)

    def crossover(self, mother: Allocation, father: Allocation, rng: np.random.Generator) -> Allocation:
        return self.space.crossover(mother, father, rng)

    def joined(self, first: Allocation, second: Allocation, keep: int) -> Allocation:
        """The first `keep` frames of one, the others of another."""
        return Allocation(self.space.name, first.frames[:keep] + second.frames[keep:])

    def dimensions(self) -> Mapping[str, tuple[Any, ...]]:
        return self._dimensions

    def describe(self, candidate: Allocation) -> dict[str, Any]:
        return self.space.describe(candidate)

    def nearest(self, values: Mapping[str, Any]) -> Allocation:
        return self.space.nearest(values)

    def features(self, candidate: Allocation) -> Float[np.ndarray, " F"]:
        """The space's, then the figures' logarithms."""
        logarithms = [math.log(figure) for figure in self.figures(candidate).values()]
        return np.concatenate([self.space.features(candidate), logarithms])

    def figures(self, candidate: Allocation) -> dict[str, float]:
        """Of the average frame, key frame included."""
        of_frame = average(self.space, candidate)
        return {"gmacs": of_frame.gmacs, "params": of_frame.params}

    def parse(self, json: str) -> Allocation:
        return Allocation.from_json(json)

    @cached_property
    def _dimensions(self) -> dict[str, tuple[Any, ...]]:
        return self.space.dimensions()

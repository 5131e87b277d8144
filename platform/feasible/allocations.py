"""What the joint search may propose: allocations whose average over T + 1 frames keeps every bound."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence, Set
from functools import cached_property
from typing import Any, final

import numpy as np
from jaxtyping import Float

from platform.config.sections.bounds import fields_named
from platform.config.sections.search import AllocationConfig
from platform.feasible.architectures import MUTATIONS
from platform.feasible.feasible_set import first_quick
from platform.terminal.errors import ConfigError
from spaces.constraint import Constraint
from spaces.errors import ConstraintError
from spaces.temporal.allocation import Allocation
from spaces.temporal.allocation_space import AllocationSpace
from spaces.temporal.average import average, on_the_sum
from spaces.temporal.drawing import sample_allocation

MOST_MEASURED = 64  # draws for one sample: each may take seconds to measure
LATENCY_FIELD = "temporal.search.max-latency-ms"


@final
class FeasibleAllocations:
    """The allocations of a space within a constraint on the average frame, as the paper's tables report it.

    The key frame counts: T + 1 frames share what S and the T networks cost. Equation 3 bounds the sum over
    the T frames alone: `on_sum` is that bound.

    `latency` gives the average frame's milliseconds, or of what is above the bound at least so many. It may
    take long, so cost is decided first, and it is no feature: a regressor asks for those of many.
    """

    def __init__(
        self, space: AllocationSpace, constraint: Constraint,
        latency: Callable[[Allocation], float] | None = None, max_latency_ms: float | None = None,
    ) -> None:  # fmt: skip
        if max_latency_ms is not None and latency is None:
            raise ConfigError(f"{LATENCY_FIELD} needs a latency of allocations, but none is given")
        self.space, self.constraint = space, constraint
        self.latency, self.max_latency_ms = latency, max_latency_ms

    def with_space(self, space: AllocationSpace) -> FeasibleAllocations:
        """The feasible allocations of another space within the same bounds."""
        return FeasibleAllocations(space, self.constraint, self.latency, self.max_latency_ms)

    @cached_property
    def on_sum(self) -> Constraint:
        """The bounds on the sum over T frames; ConstraintError where they leave nothing beside S-ViPNet."""
        with fields_named(AllocationConfig.section):
            return on_the_sum(self.space, self.constraint)

    def allows(self, candidate: Allocation) -> bool:
        return (
            self.space.contains(candidate)
            and self.on_sum.allows(self.space.cost(candidate))
            and self._quick_enough(candidate)
        )

    def sample(self, rng: np.random.Generator, seen: Set[str] = frozenset()) -> Allocation:
        if self.max_latency_ms is None:
            return self.sample_by_cost(rng, seen)
        return first_quick(
            lambda closed: self.sample_by_cost(rng, closed), seen, MOST_MEASURED,
            self._quick_enough, lambda slow: self._too_slow(slow, len(seen)),
        )  # fmt: skip

    def sample_by_cost(self, rng: np.random.Generator, seen: Set[str] = frozenset()) -> Allocation:
        """Uniform within the bounds on cost; nothing is measured."""
        with fields_named(AllocationConfig.section, f"{self.constraint}{AllocationConfig.per}"):
            return sample_allocation(self.space, self.on_sum, rng, seen)

    def mutate(self, parent: Allocation, rng: np.random.Generator) -> Allocation:
        return self.mutate_behind(parent, 0, rng)

    def mutate_behind(self, parent: Allocation, keep: int, rng: np.random.Generator) -> Allocation:
        """A mutant that keeps the first `keep` frames; as many dimensions change as in `mutate`."""
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
        """The space's, then the logarithms of the figures of cost."""
        logarithms = [math.log(figure) for figure in self._cost(candidate).values()]
        return np.concatenate([self.space.features(candidate), logarithms])

    def figures(self, candidate: Allocation) -> dict[str, float]:
        """The cost of the average frame, key frame included; with latency_ms where there is a latency."""
        figures = self._cost(candidate)
        return figures if self.latency is None else figures | {"latency_ms": self.latency(candidate)}

    def parse(self, json: str) -> Allocation:
        return Allocation.from_json(json)

    @cached_property
    def _dimensions(self) -> dict[str, tuple[Any, ...]]:
        return self.space.dimensions()

    def _cost(self, candidate: Allocation) -> dict[str, float]:
        of_frame = average(self.space, candidate)
        return {"gmacs": of_frame.gmacs, "params": of_frame.params}

    def _quick_enough(self, candidate: Allocation) -> bool:
        if self.max_latency_ms is None or self.latency is None:
            return True
        return self.latency(candidate) <= self.max_latency_ms  # false for NaN

    def _too_slow(self, slow: Sequence[Allocation], known: int) -> ConstraintError:
        assert self.latency is not None
        return ConstraintError(
            f"no new allocation over {self.space.frames} frames of space {self.space.name!r} with "
            f"{self.constraint} turned up that takes at most {self.max_latency_ms:g} ms a frame on average: "
            f"all {len(slow)} that were tried are slower, the quickest takes at least "
            f"{min(map(self.latency, slow)):.4g} ms ({known:,} were known before). Raise {LATENCY_FIELD}, "
            "lower temporal.search.max-gmacs, so that quicker ones are drawn, or ask for fewer trials."
        )

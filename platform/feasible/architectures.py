"""The subnets of a space that keep the bounds."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence, Set
from functools import cached_property, lru_cache
from typing import Any, final

import numpy as np
from jaxtyping import Float

from platform.config.sections.bounds import fields_named
from platform.config.sections.search import SearchConfig
from platform.feasible.feasible_set import first_quick
from platform.terminal.errors import ConfigError
from spaces.architecture import Architecture
from spaces.constraint import Constraint
from spaces.drawing import sample_under
from spaces.errors import ConstraintError
from spaces.space import SearchSpace

MUTATIONS = 2  # dimensions drawn anew, on average
MOST_PREDICTED = 2_000  # within the bounds on cost, before it is said that none is quick enough
REMEMBERED_LATENCIES = 1 << 16  # latencies


@final
class FeasibleArchitectures:
    """The architectures of a space within a closed-form constraint and, where one is set, a latency.

    `latency` gives an architecture's milliseconds, predicted or measured, and is asked once for each; it must
    answer the same in every process for proposals to be reproducible. Cost is decided first, for it is free.
    """

    def __init__(
        self,
        space: SearchSpace,
        constraint: Constraint,
        latency: Callable[[Architecture], float] | None = None,
        max_latency_ms: float | None = None,
    ) -> None:
        if max_latency_ms is not None and latency is None:
            raise ConfigError("search.max-latency-ms needs a latency of architectures, but none is given")
        self.space, self.constraint, self.max_latency_ms = space, constraint, max_latency_ms
        self._latency_ms = None if latency is None else lru_cache(maxsize=REMEMBERED_LATENCIES)(latency)

    def allows(self, candidate: Architecture) -> bool:
        return (
            self.space.contains(candidate)
            and self.constraint.allows(self.space.cost(candidate))
            and self._quick_enough(candidate)
        )

    def sample(self, rng: np.random.Generator, seen: Set[str] = frozenset()) -> Architecture:
        if self.max_latency_ms is None:
            return self._sample_by_cost(rng, seen)
        return first_quick(
            lambda closed: self._sample_by_cost(rng, closed), seen, MOST_PREDICTED,
            self._quick_enough, lambda slow: self._too_slow(slow, len(seen)),
        )  # fmt: skip

    def _sample_by_cost(self, rng: np.random.Generator, seen: Set[str]) -> Architecture:
        with fields_named(SearchConfig.section):
            return sample_under(self.space, self.constraint, rng, seen)

    def mutate(self, parent: Architecture, rng: np.random.Generator) -> Architecture:
        return self.space.mutate(parent, rng, rate=min(1, MUTATIONS / len(self._dimensions)))

    def crossover(self, mother: Architecture, father: Architecture, rng: np.random.Generator) -> Architecture:
        return self.space.crossover(mother, father, rng)

    def dimensions(self) -> Mapping[str, tuple[Any, ...]]:
        return self._dimensions

    def describe(self, candidate: Architecture) -> dict[str, Any]:
        return self.space.describe(candidate)

    def nearest(self, values: Mapping[str, Any]) -> Architecture:
        return self.space.nearest(values)

    def features(self, candidate: Architecture) -> Float[np.ndarray, " F"]:
        """Each value's place between its dimension's least and most, then the figures' logarithms."""
        places = [self._places[name][value] for name, value in self.describe(candidate).items()]
        return np.array([*places, *(math.log(figure) for figure in self.figures(candidate).values())])

    def figures(self, candidate: Architecture) -> dict[str, float]:
        cost = self.space.cost(candidate)
        figures: dict[str, float] = {"gmacs": cost.gmacs, "params": cost.params}
        if self._latency_ms is not None:
            figures["latency_ms"] = self._latency_ms(candidate)
        return figures

    def parse(self, json: str) -> Architecture:
        return Architecture.from_json(json)

    @cached_property
    def _dimensions(self) -> dict[str, tuple[Any, ...]]:
        return self.space.dimensions()

    @cached_property
    def _places(self) -> dict[str, dict[Any, float]]:
        return {
            name: {option: place / (len(options) - 1) for place, option in enumerate(options)}
            for name, options in self._dimensions.items()
        }

    def _quick_enough(self, candidate: Architecture) -> bool:
        if self.max_latency_ms is None or self._latency_ms is None:
            return True
        return self._latency_ms(candidate) <= self.max_latency_ms  # false for NaN

    def _too_slow(self, slow: Sequence[Architecture], known: int) -> ConstraintError:
        assert self._latency_ms is not None
        quickest = min(map(self._latency_ms, slow))
        return ConstraintError(
            f"no new architecture of space {self.space.name!r} with {self.constraint} takes at most "
            f"{self.max_latency_ms:g} ms: all {len(slow):,} that were tried are slower, the quickest takes "
            f"{quickest:.4g} ms ({known:,} were known before). Raise search.max-latency-ms or ask for fewer "
            "trials."
        )

"""What a search may propose: candidates that keep every bound on cost, and the moves among them.

Samplers know a search space by this interface alone, so they work on whatever is searched: architectures
here, allocations of computation over the frames of a clip elsewhere.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence, Set
from functools import cached_property, lru_cache
from typing import Any, Protocol, TypeVar

import numpy as np
from jaxtyping import Float

from platform.errors import ConfigError
from spaces.architecture import Architecture
from spaces.constraint import Constraint, sample_under
from spaces.errors import ConstraintError
from spaces.space import SearchSpace

MUTATIONS = 2  # dimensions drawn anew, on average
MOST_DRAWS = 2_000  # within the bounds on cost, before it is said that none is quick enough
REMEMBERED = 1 << 16  # latencies


class Candidate(Protocol):
    """What is searched: a frozen, hashable value; equal ones have equal keys."""

    @property
    def key(self) -> str: ...

    def to_json(self) -> str: ...


C = TypeVar("C", bound=Candidate)


class FeasibleSet(Protocol[C]):
    """The candidates that a search may propose."""

    def allows(self, candidate: C) -> bool:
        """Whether it is of the space and keeps every bound."""
        ...

    def sample(self, rng: np.random.Generator, seen: Set[str] = frozenset()) -> C:
        """One candidate, uniform over all that are allowed and whose keys are not in `seen`.

        Raises ConstraintError, naming the counts, when there is none or none turns up.
        """
        ...

    def mutate(self, parent: C, rng: np.random.Generator) -> C:
        """`parent` with some dimensions drawn anew; of the space, but `allows` says whether it is allowed."""
        ...

    def crossover(self, mother: C, father: C, rng: np.random.Generator) -> C:
        """Each dimension from either parent; of the space, but `allows` says whether it is allowed."""
        ...

    def dimensions(self) -> Mapping[str, tuple[Any, ...]]:
        """Every dimension that leaves a choice, with all values it can take, ascending."""
        ...

    def describe(self, candidate: C) -> dict[str, Any]:
        """The candidate as values of `dimensions()`."""
        ...

    def nearest(self, values: Mapping[str, Any]) -> C:
        """The candidate of the space nearest to these values of `dimensions()`; it may not be allowed."""
        ...

    def features(self, candidate: C) -> Float[np.ndarray, " F"]:
        """The candidate as numbers of comparable size, for a regressor."""
        ...

    def figures(self, candidate: C) -> dict[str, float]:
        """What is known without evaluating it: gmacs, params, and latency_ms where there is a latency."""
        ...

    def parse(self, json: str) -> C:
        """Reads what the candidate's `to_json` wrote."""
        ...


def check_latency_bound(field: str, max_latency_ms: float | None) -> None:
    """Raises ConfigError, naming the field, for what is no time."""
    if max_latency_ms is not None and not 0 < max_latency_ms < math.inf:
        raise ConfigError(f"{field} must be a finite number above 0, but it is {max_latency_ms}")


def first_quick(
    draw: Callable[[Set[str]], C], seen: Set[str], most: int,
    quick_enough: Callable[[C], bool], too_slow: Callable[[Sequence[C]], ConstraintError],
) -> C:  # fmt: skip
    """The first of at most `most` unlike draws that is quick enough; `draw` is given the keys to avoid.

    Raises what `too_slow` makes of those that were drawn, or the draw's own ConstraintError.
    """
    slow: list[C] = []
    closed = set(seen)
    for _ in range(most):
        try:
            drawn = draw(closed)
        except ConstraintError as error:
            raise (too_slow(slow) if slow else error) from None
        if quick_enough(drawn):
            return drawn
        slow.append(drawn)
        closed.add(drawn.key)
    raise too_slow(slow)


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
        check_latency_bound("search.max-latency-ms", max_latency_ms)
        if max_latency_ms is not None and latency is None:
            raise ConfigError("search.max-latency-ms needs a latency of architectures, but none is given")
        self.space, self.constraint, self.max_latency_ms = space, constraint, max_latency_ms
        self._latency_ms = None if latency is None else lru_cache(maxsize=REMEMBERED)(latency)

    def allows(self, candidate: Architecture) -> bool:
        return (
            self.space.contains(candidate)
            and self.constraint.allows(self.space.cost(candidate))
            and self._quick_enough(candidate)
        )

    def sample(self, rng: np.random.Generator, seen: Set[str] = frozenset()) -> Architecture:
        if self.max_latency_ms is None:
            return sample_under(self.space, self.constraint, rng, seen)
        return first_quick(
            lambda closed: sample_under(self.space, self.constraint, rng, closed), seen, MOST_DRAWS,
            self._quick_enough, lambda slow: self._too_slow(slow, len(seen)),
        )  # fmt: skip

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

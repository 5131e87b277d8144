"""What a search may propose: candidates that keep every bound on cost, and the moves among them.

Samplers know a search space by this interface alone, so they work on whatever is searched: architectures
here, allocations of computation over the frames of a clip elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Set
from typing import Any, Protocol, TypeVar

import numpy as np
from jaxtyping import Float

from spaces.errors import ConstraintError


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

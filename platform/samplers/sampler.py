"""The interface that every sampler has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar, final

from platform.feasible.feasible_set import C

C_co = TypeVar("C_co", covariant=True)


@final
@dataclass(frozen=True, slots=True)
class Observation(Generic[C]):
    """How a candidate did; `ap` is None when its evaluation failed."""

    candidate: C
    ap: float | None
    gmacs: float


class Proposer(Protocol[C_co]):
    """Says what a trial evaluates: all that whoever runs the trials must know."""

    def propose(self, trial: int) -> C_co:
        """The candidate of trial number `trial`. Raises ConstraintError when no new one turns up."""
        ...


class Sampler(Protocol[C]):
    """Proposes feasible candidates that it has neither proposed nor observed before.

    What it proposes follows from the seed and from the calls so far, in their order.
    """

    def propose(self, trial: int) -> C:
        """The candidate of a trial, as of a Proposer."""
        ...

    def observe(self, trial: int | None, observation: Observation[C]) -> None:
        """Takes note of a result: of trial number `trial`, or with None of another run.

        After a restart every result that was left behind comes first, those of other runs before them.
        """
        ...

    def notes(self) -> Mapping[str, float]:
        """What a person may want to see of its state, as metrics by name; often nothing."""
        ...

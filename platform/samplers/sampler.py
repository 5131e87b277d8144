"""The interface that every sampler has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from spaces.architecture import Architecture


@dataclass(frozen=True, slots=True)
class Observation:
    """How an architecture did; `ap` is None when its evaluation failed."""

    architecture: Architecture
    ap: float | None
    gmacs: float


class Sampler(Protocol):
    """Proposes allowed architectures that it has neither proposed nor observed before."""

    def propose(self, trial: int) -> Architecture:
        """The architecture of trial number `trial`. Raises ConstraintError when no new one turns up."""
        ...

    def observe(self, trial: int | None, observation: Observation) -> None:
        """Takes note of a result: of trial number `trial`, or with None of another run.

        After a restart every result that was left behind comes first, those of other runs before them.
        """
        ...

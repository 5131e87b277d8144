"""Which architectures a search may propose, decided from closed-form cost alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spaces.architecture import Architecture
from spaces.cost import Cost
from spaces.errors import ConstraintError
from spaces.space import SearchSpace

MOST_TRIES = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Constraint:
    """Bounds on cost; None does not bound."""

    max_gmacs: float | None = None
    min_gmacs: float | None = None
    max_params: int | None = None

    def allows(self, cost: Cost) -> bool:
        return (
            (self.max_gmacs is None or cost.gmacs <= self.max_gmacs)
            and (self.min_gmacs is None or cost.gmacs >= self.min_gmacs)
            and (self.max_params is None or cost.params <= self.max_params)
        )

    def check(self, space: SearchSpace) -> None:
        """Raises ConstraintError where the space's smallest or biggest architecture shows it to be empty."""
        least, most = space.cost(space.smallest()), space.cost(space.biggest())
        if self.max_gmacs is not None and least.gmacs > self.max_gmacs:
            raise ConstraintError(
                f"no architecture of space {space.name!r} has at most {self.max_gmacs:g} GMACs; "
                f"its smallest has {least.gmacs:.4g}. Raise search.max-gmacs."
            )
        if self.max_params is not None and least.params > self.max_params:
            raise ConstraintError(
                f"no architecture of space {space.name!r} has at most {self.max_params:,} parameters; "
                f"its smallest has {least.params:,}. Raise search.max-params."
            )
        if self.min_gmacs is not None and most.gmacs < self.min_gmacs:
            raise ConstraintError(
                f"no architecture of space {space.name!r} has at least {self.min_gmacs:g} GMACs; "
                f"its biggest has {most.gmacs:.4g}. Lower search.min-gmacs."
            )


def sample_under(
    space: SearchSpace,
    constraint: Constraint,
    rng: np.random.Generator,
    seen: frozenset[str] | set[str] = frozenset(),
) -> Architecture:
    """One architecture as `space.sample` draws them, given that it is allowed and its key not in `seen`.

    Raises ConstraintError with the count tried when none turns up.
    """
    constraint.check(space)
    for _ in range(MOST_TRIES):
        architecture = space.sample(rng)
        if constraint.allows(space.cost(architecture)) and architecture.key not in seen:
            return architecture
    raise ConstraintError(
        f"no new architecture of space {space.name!r} under {constraint} among {MOST_TRIES:,} drawn "
        f"({len(seen)} were there before). Widen the constraint or ask for fewer trials."
    )

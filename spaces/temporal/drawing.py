"""Drawing allocations under a constraint on their sum, evenly over all that it allows."""

from collections.abc import Set
from functools import lru_cache
from typing import Any

import numpy as np
from jaxtyping import Int

from spaces.chain import COSTS, Decisions
from spaces.constraint import Constraint, Named
from spaces.cost import Cost
from spaces.drawing import Candidates, draw_unseen
from spaces.space import SearchSpace
from spaces.temporal.allocation import Allocation, Operation
from spaces.temporal.allocation_space import AllocationSpace
from spaces.temporal.average import average, with_key_frame
from spaces.temporal.joint_chain import joint_chain
from spaces.temporal.temporal_space import TemporalSpace


def sample_allocation(
    space: AllocationSpace,
    constraint: Constraint,
    rng: np.random.Generator,
    seen: Set[str] = frozenset(),
) -> Allocation:
    """One allocation, uniform over all whose sum over the T frames the constraint allows and that are not in
    `seen` by their keys.

    Raises ConstraintError with the count tried when there is none, or none turns up.
    """
    return draw_unseen(allocations(space, constraint), 1, rng, seen)[0]


def check_constraint(space: AllocationSpace, constraint: Constraint) -> None:
    """Raises ConstraintError where the least or the most that an allocation can cost shows it to be empty."""
    constraint.check_ends(_named(space), *ends(joint_chain(space)))


def check_on_average(space: AllocationSpace, on_average: Constraint) -> None:
    """Raises NoneFoundError where the least or the most that a frame costs on average, the key frame among
    them, shows the bounds on it to be empty."""
    least, most = (with_key_frame(space, each) for each in ends(joint_chain(space)))
    on_average.check_ends(_named(space), least, most, " on average")


def check_conceivable(
    spatial: SearchSpace, operations: tuple[Operation, ...], frames: int, on_average: Constraint
) -> None:
    """Raises NoneFoundError where no key frame of `spatial` leaves anything within bounds on the average."""
    lowest, highest = (
        AllocationSpace(TemporalSpace(spatial, key_frame, operations), frames)
        for key_frame in (spatial.smallest(), spatial.biggest())
    )
    least, _ = ends(joint_chain(lowest))
    one, many = (f"{each}, whatever its key frame," for each in (_named(lowest).one, _named(lowest).many))
    on_average.check_ends(
        Named(one, many), with_key_frame(lowest, least), average(highest, highest.biggest()), " on average"
    )


@lru_cache(maxsize=2)
def allocations(space: AllocationSpace, constraint: Constraint) -> Candidates[Allocation]:
    """What sampling draws from, worked out once for a constraint; ConstraintError where it cannot hold."""
    check_constraint(space, constraint)
    return Candidates(_named(space), constraint, joint_chain(space))


def ends(decisions: Decisions[Any, Any]) -> tuple[Cost, Cost]:
    """The least and the most that any path costs, of parameters and of MACs each for itself.

    The MACs are all counted as convolutions'.
    """
    least = most = np.zeros((1, len(COSTS)), dtype=np.int64)
    for decision in reversed(decisions.decisions):
        least = np.array([(links.costs + least[links.after]).min(axis=0) for links in decision.states])
        most = np.array([(links.costs + most[links.after]).max(axis=0) for links in decision.states])
    return _cost(least[0]), _cost(most[0])


def _cost(costs: Int[np.ndarray, " C"]) -> Cost:
    macs, params = costs.tolist()
    return Cost(params, macs)


def _named(space: AllocationSpace) -> Named:
    one = "allocation of one choice" if space.shared else "allocation"
    over = f"over {space.frames} frame{'s' * (space.frames > 1)} of space {space.name!r}"
    return Named(f"{one} {over}", f"{one.replace('allocation', 'allocations')} {over}")

"""Drawing allocations under a constraint: against listing everything, and against even frequencies."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from spaces.constraint import Constraint
from spaces.errors import ConstraintError
from spaces.registry import build_space
from spaces.space import SearchSpace
from spaces.temporal.allocation import Allocation, FrameChoice, Operation
from spaces.temporal.allocation_space import AllocationSpace
from spaces.temporal.drawing import (
    allocations,
    check_constraint,
    ends,
    sample_allocation,
)
from spaces.temporal.joint_chain import joint_chain
from spaces.temporal.temporal_space import TemporalSpace
from tests.spaces.temporal.examples import sample_allocations, temporal_space


def tiny() -> TemporalSpace:
    """4 networks and 12 fusions: everything can be listed."""
    spatial = build_space("mobilenetv3-small")
    smallest = spatial.smallest()
    first, second, *others = smallest.stages
    stages = (replace(first, groups=8), replace(second, width=24, groups=48), *others)
    return TemporalSpace(spatial, replace(smallest, stages=stages))


def networks(space: SearchSpace) -> list[FrameChoice]:
    found = [()]
    for _ in space.ranges:
        found = [(*before, choice) for before in found for choice in space.choices(before)]  # type: ignore[misc]
    return [FrameChoice(space.assemble(parts), None) for parts in found]


def everything(space: AllocationSpace) -> list[Allocation]:
    frames = [
        replace(network, fusion=fusion)
        for network in networks(space.temporal.cnn)
        for fusion in space.temporal.fusions
    ]
    return [space.assemble(choices) for choices in product(frames, repeat=space.drawn)]


def cheapest(space: AllocationSpace, share: float) -> tuple[Constraint, set[Allocation]]:
    """The constraint that allows a share of everything, and what it allows."""
    every = everything(space)
    gmacs = sorted(space.cost(each).gmacs for each in every)
    constraint = Constraint(max_gmacs=gmacs[int(share * (len(gmacs) - 1))])
    return constraint, {each for each in every if constraint.allows(space.cost(each))}


@pytest.mark.parametrize(("frames", "shared"), [(1, False), (2, False), (3, True)])
@pytest.mark.parametrize("operations", [("add", "mul", "cat"), ("cat",), ()])
def test_what_is_allowed_is_what_listing_everything_finds(
    frames: int, shared: bool, operations: tuple[Operation, ...]
) -> None:
    temporal = replace(tiny(), operations=operations)
    space = AllocationSpace(temporal, frames, shared)
    constraint, wanted = cheapest(space, 0.4)
    found = sample_allocations(space, constraint, 10**6, np.random.default_rng(0))
    assert len(found) == len(wanted) > 1
    assert set(found) == wanted


def test_the_tiny_space_is_as_big_as_counted_by_hand() -> None:
    temporal = tiny()
    assert len(networks(temporal.cnn)) == 4
    assert len(everything(AllocationSpace(temporal, 2))) == (4 * 12) ** 2
    assert allocations(AllocationSpace(temporal, 2), Constraint()).counts.total == (4 * 12) ** 2


def test_drawing_is_even_over_all_that_is_allowed() -> None:
    space = AllocationSpace(tiny(), 2)
    constraint, allowed = cheapest(space, 0.2)
    drawn = allocations(space, constraint).draw(np.random.default_rng(0), 20 * len(allowed))
    counts = Counter(drawn)
    assert counts.keys() <= allowed
    expected = len(drawn) / len(allowed)
    chi_square = sum((counts[each] - expected) ** 2 / expected for each in allowed)
    degrees = len(allowed) - 1
    assert abs(chi_square - degrees) < 4 * math.sqrt(2 * degrees)


def test_the_ends_are_those_of_everything() -> None:
    space = AllocationSpace(tiny(), 2)
    costs = [space.cost(each) for each in everything(space)]
    least, most = ends(joint_chain(space))
    assert (least.macs, least.params) == (min(c.macs for c in costs), min(c.params for c in costs))
    assert (most.macs, most.params) == (max(c.macs for c in costs), max(c.params for c in costs))


@pytest.mark.parametrize("frames", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("place", [0.01, 0.4, 0.95])
def test_a_narrow_window_gives_distinct_allocations_over_any_number_of_frames(
    frames: int, place: float
) -> None:
    space = AllocationSpace(temporal_space("mobilenetv3-small", seed=2), frames)
    least, most = (end.gmacs for end in ends(joint_chain(space)))
    bottom = least + place * (most / 1.05 - least)
    window = Constraint(min_gmacs=bottom, max_gmacs=1.05 * bottom)
    drawn, again = (sample_allocations(space, window, 50, np.random.default_rng(0)) for _ in range(2))
    assert drawn == again
    assert len({each.key for each in drawn}) == 50
    for each in drawn:
        space.check(each)
        assert bottom <= space.cost(each).gmacs <= 1.05 * bottom


def test_frames_of_one_allocation_get_different_shares() -> None:
    space = AllocationSpace(temporal_space("mobilenetv3-small", seed=2), 3)
    least, most = (end.gmacs for end in ends(joint_chain(space)))
    drawn = sample_allocations(space, Constraint(max_gmacs=(least + most) / 2), 50, np.random.default_rng(0))
    shares = [[space.temporal.cost(frame).macs for frame in each.frames] for each in drawn]
    assert np.mean([max(share) / min(share) for share in shares]) > 1.2


def test_a_shared_choice_is_drawn_under_t_times_its_cost() -> None:
    space = AllocationSpace(temporal_space("mobilenetv3-small", seed=2), 4, shared=True)
    one = AllocationSpace(space.temporal, 1)
    bound = 0.5 * sum(end.gmacs for end in ends(joint_chain(one)))
    for each in sample_allocations(space, Constraint(max_gmacs=4 * bound), 30, np.random.default_rng(0)):
        assert len(set(each.frames)) == 1
        assert len(each.frames) == 4
        assert space.temporal.cost(each.frames[0]).gmacs <= bound


def test_what_was_seen_is_not_drawn_again_and_the_end_is_said() -> None:
    space = AllocationSpace(tiny(), 1)
    rng, seen = np.random.default_rng(0), set[str]()
    for _ in range(4 * 12):
        seen.add(sample_allocation(space, Constraint(), rng, seen).key)
    assert len(seen) == 4 * 12
    words = r"all 48 allocations over 1 frame of space 't-mobilenetv3-small' that have any cost"
    with pytest.raises(ConstraintError, match=words):
        sample_allocation(space, Constraint(), rng, seen)


def test_what_nothing_satisfies_is_said_with_the_bound_to_change() -> None:
    space = AllocationSpace(temporal_space("mobilenetv3-small"), 3)
    least, most = ends(joint_chain(space))
    no_one = "no allocation over 3 frames of space 't-mobilenetv3-small' has"
    for constraint, words in (
        (Constraint(max_gmacs=least.gmacs * 0.99), f"{no_one} at most .*Raise max_gmacs"),
        (Constraint(max_params=least.params - 1), f"{no_one} at most .*Raise max_params"),
        (Constraint(min_gmacs=most.gmacs * 1.01), f"{no_one} at least .*Lower min_gmacs"),
    ):
        with pytest.raises(ConstraintError, match=words):
            check_constraint(space, constraint)
        with pytest.raises(ConstraintError, match=words):
            sample_allocation(space, constraint, np.random.default_rng(0))


def test_the_fewest_parameters_can_be_drawn_although_another_fusion_has_the_fewest_macs() -> None:
    space = AllocationSpace(temporal_space("resnet50"), 2)
    least, _ = ends(joint_chain(space))
    assert space.cost(space.smallest()).params > least.params
    drawn = sample_allocation(space, Constraint(max_params=least.params), np.random.default_rng(0))
    assert space.cost(drawn).params == least.params

"""Allocations under a bound on measured time; the bounds on cost are tested with the prefix sampler."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from platform.config.sections.search import SearchConfig
from platform.feasible.allocations import MOST_MEASURED, FeasibleAllocations
from platform.samplers.prefix import GROUP_SIZE
from platform.samplers.registry import build_sampler
from platform.samplers.sampler import Observation
from platform.terminal.errors import ConfigError
from spaces.constraint import Constraint
from spaces.errors import ConstraintError
from spaces.registry import build_space
from spaces.temporal.allocation import Allocation
from spaces.temporal.allocation_space import AllocationSpace
from spaces.temporal.average import average, on_the_sum
from spaces.temporal.temporal_space import TemporalSpace
from tests.spaces.temporal.examples import sample_allocations
from tests.spaces.toy import toy

SMALL, TOY = build_space("mobilenetv3-small"), toy()
SPACE = AllocationSpace(TemporalSpace(SMALL, SMALL.biggest()), 2)
FEW = AllocationSpace(TemporalSpace(TOY, TOY.biggest(), operations=()), 1)
ANY = Constraint()


def depth_ms(allocation: Allocation) -> float:
    """A latency that MACs do not tell: one millisecond a block, on average over the frames."""
    depths = [sum(stage.depth for stage in frame.architecture.stages) for frame in allocation.frames]
    return sum(depths) / len(depths)


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_both_the_cost_and_the_latency_must_hold_and_what_is_too_dear_is_not_measured() -> None:
    asked: list[str] = []

    def latency_ms(allocation: Allocation) -> float:
        asked.append(allocation.key)
        return depth_ms(allocation)

    bound_ms = float(np.median([depth_ms(SPACE.sample(rng(seed))) for seed in range(50)]))
    cheap = FeasibleAllocations(SPACE, Constraint(max_gmacs=0.0255))
    feasible = FeasibleAllocations(SPACE, cheap.constraint, latency_ms, bound_ms)
    drawn = [SPACE.sample(rng(seed)) for seed in range(100)]
    cheap_ones = [each for each in drawn if cheap.allows(each)]

    allowed = [each for each in drawn if feasible.allows(each)]

    assert allowed == [each for each in cheap_ones if depth_ms(each) <= bound_ms]
    assert asked == [each.key for each in cheap_ones]
    assert 0 < len(allowed) < len(cheap_ones) < len(drawn)


def test_what_is_sampled_keeps_the_bound_and_its_figures_name_the_time() -> None:
    bound_ms = float(np.median([depth_ms(SPACE.sample(rng(seed))) for seed in range(50)]))
    feasible, generator = FeasibleAllocations(SPACE, ANY, depth_ms, bound_ms), rng()
    drawn = [feasible.sample(generator) for _ in range(20)]

    assert max(map(depth_ms, drawn)) <= bound_ms
    assert feasible.figures(drawn[0])["latency_ms"] == depth_ms(drawn[0])
    unbounded = FeasibleAllocations(SPACE, ANY)
    assert "latency_ms" not in unbounded.figures(drawn[0])
    np.testing.assert_array_equal(feasible.features(drawn[0]), unbounded.features(drawn[0]))


def test_a_latency_that_nothing_keeps_ends_after_a_bounded_number_of_draws() -> None:
    feasible = FeasibleAllocations(SPACE, ANY, lambda _: 5.25, max_latency_ms=2)
    with pytest.raises(
        ConstraintError,
        match=rf"over 2 frames .* at most 2 ms a frame on average: all {MOST_MEASURED} .*at least 5\.25 ms "
        r"\(1 were known before\)\. Raise temporal\.search\.max-latency-ms, lower temporal\.search\.max-",
    ):
        feasible.sample(rng(), {SPACE.smallest().key})


def test_where_all_there_are_were_tried_their_number_is_named() -> None:
    cost = Constraint(max_gmacs=1.01 * average(FEW, FEW.smallest()).gmacs)
    count = len(sample_allocations(FEW, on_the_sum(FEW, cost), 10_000, rng()))
    assert 0 < count < MOST_MEASURED

    with pytest.raises(ConstraintError, match=f"all {count} that were tried are slower"):
        FeasibleAllocations(FEW, cost, lambda _: 3.0, max_latency_ms=2).sample(rng())


def test_the_prefix_sampler_keeps_the_bound_from_its_first_trial_on(tmp_path: Path) -> None:
    bound_ms = float(np.quantile([depth_ms(SPACE.sample(rng(seed))) for seed in range(50)], 0.4))
    feasible = FeasibleAllocations(SPACE, ANY, depth_ms, bound_ms)
    config = SearchConfig(trials=20, prefix_alike=0.4)
    sampler, shared = build_sampler(config, feasible, 0, tmp_path / "journal", "prefix"), 2 * GROUP_SIZE
    for trial in range(shared + 3 * GROUP_SIZE):
        proposed = sampler.propose(trial)
        assert depth_ms(proposed) <= bound_ms
        assert trial >= shared or len(set(proposed.frames)) == 1
        sampler.observe(trial, Observation(proposed, trial / 100, feasible.figures(proposed)["gmacs"]))


def test_a_bound_needs_a_latency() -> None:
    with pytest.raises(ConfigError, match="needs a latency of allocations"):
        FeasibleAllocations(SPACE, ANY, max_latency_ms=3)

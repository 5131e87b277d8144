"""What the prefix sampler adds to the contract of all: how little is new, and what it finds."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from platform.config.sections.search import SearchConfig
from platform.feasible.allocations import FeasibleAllocations
from platform.feasible.architectures import FeasibleArchitectures
from platform.samplers.prefix import GROUP_SIZE
from platform.samplers.registry import build_sampler
from platform.samplers.sampler import Observation
from platform.terminal.errors import ConfigError
from spaces.constraint import Constraint
from spaces.errors import ConstraintError
from spaces.registry import build_space
from spaces.temporal.allocation import Allocation
from spaces.temporal.allocation_space import AllocationSpace
from spaces.temporal.average import average
from spaces.temporal.temporal_space import TemporalSpace

SMALL = build_space("mobilenetv3-small")
BELOW = TemporalSpace(SMALL, SMALL.biggest())
BOUND = Constraint(max_gmacs=0.0255)

Score = Callable[[Allocation], float]


def searched(
    name: str, frames: int, trials: int, score: Score, journal: Path, shared: bool = False, seed: int = 0,
    shared_share: float = 1 / 8,
) -> list[Allocation]:  # fmt: skip
    """A whole search's candidates."""
    feasible = FeasibleAllocations(AllocationSpace(BELOW, frames, shared), BOUND)
    config = SearchConfig(trials=trials, prefix_alike=shared_share)
    sampler = build_sampler(config, feasible, seed, journal, name)
    found = []
    for trial in range(trials):
        found.append(sampler.propose(trial))
        gmacs = feasible.figures(found[-1])["gmacs"]
        sampler.observe(trial, Observation(found[-1], score(found[-1]), gmacs))
    return found


def new_frames(found: list[Allocation]) -> int:
    """Frames that an evaluator with room for everything evaluates."""
    return len({allocation.frames[:count] for allocation in found
                for count in range(1, len(allocation.frames) + 1)})  # fmt: skip


def synthetic_score(allocation: Allocation) -> float:
    """Rises with each frame's MACs, ever less; the guidance fades, and two fusions pass on most of it."""
    passed_on, score = 1.0, 0.0
    for frame in allocation.frames:
        own = math.log(BELOW.cost(frame).gmacs / 0.005)
        assert frame.fusion is not None
        share = 0.9 if frame.fusion.stage == 3 and frame.fusion.operation != "mul" else 0.5
        passed_on = share * passed_on + (1 - share) * own
        score += own + passed_on
    return score / len(allocation.frames)


def test_less_than_six_of_ten_frames_are_new(tmp_path: Path) -> None:
    prefix, uniform = (
        searched(name, 3, 60, synthetic_score, tmp_path / name) for name in ("prefix", "uniform")
    )
    assert new_frames(uniform) == 3 * 60
    assert new_frames(prefix) < 1.8 * 60


def test_with_fewer_frames_to_evaluate_it_finds_better_than_uniform_sampling(tmp_path: Path) -> None:
    best: dict[str, list[float]] = {"prefix": [], "uniform": []}
    frames = dict.fromkeys(best, 0)
    for seed in range(4):
        for name, trials in (("prefix", 80), ("uniform", 48)):
            found = searched(name, 3, trials, synthetic_score, tmp_path / "journal", seed=seed)
            best[name].append(max(map(synthetic_score, found)))
            frames[name] += new_frames(found)
    assert frames["prefix"] < frames["uniform"]
    assert sum(best["prefix"]) > sum(best["uniform"])


@pytest.mark.parametrize(("frames", "shared"), [(1, False), (4, False), (3, True)])
def test_any_number_of_frames_and_the_control_that_shares_them_can_be_searched(
    frames: int, shared: bool, tmp_path: Path
) -> None:
    found = searched("prefix", frames, 24, synthetic_score, tmp_path / "journal", shared)
    assert len({allocation.key for allocation in found}) == 24
    assert all(len(allocation.frames) == frames for allocation in found)


@pytest.mark.parametrize(("share", "shared"), [(0.0, 0), (0.125, 4), (0.5, 20), (0.875, 32), (1.0, 40)])
def test_a_share_of_the_trials_has_one_choice_for_all_frames_before_the_others(
    share: float, shared: int, tmp_path: Path
) -> None:
    found = searched("prefix", 3, 40, synthetic_score, tmp_path / "journal", shared_share=share)
    assert [len(set(each.frames)) == 1 for each in found] == [True] * shared + [False] * (40 - shared)


def test_it_begins_as_the_control_of_one_choice_for_all_does(tmp_path: Path) -> None:
    free, control = (
        searched("prefix", 3, 80, synthetic_score, tmp_path / str(shared), shared, shared_share=0.8)
        for shared in (False, True)
    )
    assert free[:64] == control[:64]
    assert max(map(synthetic_score, free)) > max(map(synthetic_score, free[:64]))


def test_where_no_single_choice_keeps_the_bounds_it_begins_with_free_ones(tmp_path: Path) -> None:
    narrow = Constraint(min_gmacs=0.0254999999, max_gmacs=0.0255)
    feasible = FeasibleAllocations(AllocationSpace(BELOW, 3), narrow)
    below = FeasibleAllocations(AllocationSpace(BELOW, 3, shared=True), narrow)
    with pytest.raises(ConstraintError):
        below.sample(np.random.default_rng(0))
    sampler = build_sampler(SearchConfig(), feasible, 0, tmp_path / "journal", "prefix")
    assert feasible.allows(sampler.propose(0))


def test_a_later_group_has_a_shared_prefix(tmp_path: Path) -> None:
    found, shared = searched("prefix", 3, 10 * GROUP_SIZE, synthetic_score, tmp_path / "journal"), 0
    for first in range(GROUP_SIZE, len(found), GROUP_SIZE):
        group = found[first : first + GROUP_SIZE]
        assert len({allocation.frames for allocation in group}) == GROUP_SIZE
        shared += len({allocation.frames[:1] for allocation in group}) == 1
    assert shared >= 7  # of nine: a thirteenth of the groups changes every frame


def test_an_architecture_search_is_told_that_it_is_not_for_it(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="'prefix' is for allocations over frames"):
        build_sampler(SearchConfig(), FeasibleArchitectures(SMALL, BOUND), 0, tmp_path / "journal", "prefix")


def test_what_is_allowed_keeps_the_bound_on_the_average_with_the_key_frame() -> None:
    feasible = FeasibleAllocations(AllocationSpace(BELOW, 3), BOUND)
    rng = np.random.default_rng(0)
    drawn = [feasible.space.sample(rng) for _ in range(200)]
    within = [average(feasible.space, each).gmacs <= 0.0255 for each in drawn]
    assert [feasible.allows(each) for each in drawn] == within
    assert 20 < sum(within) < 180
    for each in drawn[:20]:
        by_hand = SMALL.cost(SMALL.biggest()).gmacs + sum(BELOW.cost(frame).gmacs for frame in each.frames)
        assert feasible.figures(each)["gmacs"] == pytest.approx(by_hand / 4)


def test_an_allocation_of_other_frames_is_read_and_not_allowed() -> None:
    feasible = FeasibleAllocations(AllocationSpace(BELOW, 3), Constraint())
    other = AllocationSpace(BELOW, 2).smallest()
    assert feasible.parse(other.to_json()) == other
    assert not feasible.allows(other)


def test_mutants_behind_a_prefix_keep_it() -> None:
    feasible = FeasibleAllocations(AllocationSpace(BELOW, 3), Constraint())
    rng = np.random.default_rng(0)
    parent = feasible.sample(rng)
    mutants = [feasible.mutate_behind(parent, 2, rng) for _ in range(20)]
    assert {each.frames[:2] for each in mutants} == {parent.frames[:2]}
    assert len({each.frames[2] for each in mutants}) > 10


def test_features_are_comparable_numbers_that_tell_allocations_apart() -> None:
    feasible = FeasibleAllocations(AllocationSpace(BELOW, 2), Constraint())
    rng = np.random.default_rng(0)
    features = np.array([feasible.features(feasible.sample(rng)) for _ in range(20)])
    assert np.isfinite(features).all()
    assert len(np.unique(features, axis=0)) == 20


def test_a_key_frame_that_takes_it_all_is_refused() -> None:
    feasible = FeasibleAllocations(AllocationSpace(BELOW, 3), Constraint(max_gmacs=0.005))
    with pytest.raises(ConstraintError, match="must leave something beside the key frame's"):
        feasible.sample(np.random.default_rng(0))

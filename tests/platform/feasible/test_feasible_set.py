"""The architectures that a search may propose, with and without a latency."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pytest

from platform.feasible.architectures import MOST_PREDICTED, FeasibleArchitectures
from platform.terminal.errors import ConfigError
from spaces.architecture import Architecture
from spaces.constraint import Constraint
from spaces.drawing import sample_many
from spaces.errors import ConstraintError
from spaces.registry import build_space
from tests.spaces.toy import toy

TOY = toy()
SMALL = build_space("mobilenetv3-small")
ANY = Constraint()
TIGHT = Constraint(max_gmacs=0.001)  # of the toy's at most 0.003


def depth_ms(architecture: Architecture) -> float:
    """A latency that MACs do not tell: one millisecond a block."""
    return float(sum(stage.depth for stage in architecture.stages))


def everything(constraint: Constraint) -> list[Architecture]:
    return sample_many(TOY, constraint, 10_000, np.random.default_rng(0))


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_without_a_latency_it_is_what_the_constraint_allows() -> None:
    feasible = FeasibleArchitectures(TOY, TIGHT)
    allowed = {each.key for each in everything(TIGHT)}
    assert 0 < len(allowed) < len(everything(ANY))
    assert {each.key for each in everything(ANY) if feasible.allows(each)} == allowed


def test_another_space_s_architecture_is_not_allowed() -> None:
    assert not FeasibleArchitectures(TOY, ANY).allows(SMALL.smallest())


def test_both_the_constraint_and_the_latency_must_hold() -> None:
    feasible = FeasibleArchitectures(TOY, TIGHT, depth_ms, max_latency_ms=3)
    for each in everything(ANY):
        assert feasible.allows(each) == (TIGHT.allows(TOY.cost(each)) and depth_ms(each) <= 3)


def test_sampling_under_a_latency_is_uniform_over_what_is_allowed() -> None:
    feasible = FeasibleArchitectures(TOY, TIGHT, depth_ms, max_latency_ms=2)
    allowed = [each for each in everything(TIGHT) if feasible.allows(each)]
    draws, generator = 40 * len(allowed), rng()
    counts = Counter(feasible.sample(generator).key for _ in range(draws))
    assert counts.keys() == {each.key for each in allowed}
    chi2 = sum((counts[each.key] - 40) ** 2 / 40 for each in allowed)
    assert chi2 < len(allowed) + 4 * math.sqrt(2 * len(allowed))


def test_every_allowed_candidate_is_found_once_and_then_the_counts_are_named() -> None:
    feasible = FeasibleArchitectures(TOY, TIGHT, depth_ms, max_latency_ms=2)
    allowed = {each.key for each in everything(TIGHT) if feasible.allows(each)}
    seen: set[str] = set()
    for _ in allowed:
        seen.add(feasible.sample(rng(), seen).key)
    assert seen == allowed
    slower = len(everything(TIGHT)) - len(allowed)
    with pytest.raises(ConstraintError, match=rf"all {slower} that were tried.*\({len(allowed)} were known"):
        feasible.sample(rng(), seen)


def test_a_latency_that_nothing_keeps_ends_after_a_bounded_number_of_draws() -> None:
    feasible = FeasibleArchitectures(SMALL, ANY, depth_ms, max_latency_ms=1)
    with pytest.raises(
        ConstraintError, match=rf"at most 1 ms: all {MOST_PREDICTED:,}.*the quickest takes 4 ms"
    ):
        feasible.sample(rng())


def test_a_latency_that_is_no_number_is_never_allowed() -> None:
    feasible = FeasibleArchitectures(TOY, ANY, lambda _: math.nan, max_latency_ms=1)
    assert not feasible.allows(TOY.smallest())


def test_an_architecture_s_latency_is_asked_for_once() -> None:
    asked: list[str] = []

    def latency_ms(architecture: Architecture) -> float:
        asked.append(architecture.key)
        return 1.0

    feasible = FeasibleArchitectures(TOY, ANY, latency_ms, max_latency_ms=1)
    for _ in range(3):
        assert feasible.allows(TOY.smallest())
        assert feasible.figures(TOY.smallest())["latency_ms"] == 1.0
    assert asked == [TOY.smallest().key]


def test_a_bound_on_latency_needs_a_latency() -> None:
    with pytest.raises(ConfigError, match="needs a latency"):
        FeasibleArchitectures(TOY, ANY, max_latency_ms=3)


def test_the_features_of_the_extremes_are_the_ends_of_every_dimension() -> None:
    feasible = FeasibleArchitectures(TOY, ANY)
    count = len(feasible.dimensions())
    least, most = feasible.features(TOY.smallest()), feasible.features(TOY.biggest())
    assert len(least) == count + 2
    groups = [name.endswith("groups") for name in feasible.dimensions()]
    np.testing.assert_array_equal(least[:count][~np.array(groups)], 0)
    np.testing.assert_array_equal(most[:count][~np.array(groups)], 1)
    assert least[count] == pytest.approx(math.log(TOY.cost(TOY.smallest()).gmacs))


def test_a_candidate_comes_back_from_its_values_and_from_its_json() -> None:
    feasible = FeasibleArchitectures(TOY, ANY)
    for each in everything(ANY)[:50]:
        assert feasible.nearest(feasible.describe(each)) == each
        assert feasible.parse(each.to_json()) == each

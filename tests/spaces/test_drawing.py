"""Sampling under a constraint: against listing everything, and against even frequencies."""

from __future__ import annotations

import math
import pickle
from collections import Counter
from dataclasses import fields, replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from spaces.architecture import Architecture
from spaces.constraint import Constraint
from spaces.drawing import MOST_TRIES, candidates, check_not_empty, sample_many, sample_under
from spaces.errors import BoundError, ConstraintError, NoneFoundError
from spaces.registry import SPACES, build_space
from tests.spaces.toy import ToySpace, toy


class ToyInTwoSteps(ToySpace):
    """The same space, its group numbers decided behind the rest of every part."""

    details = ("groups",)


@pytest.fixture(params=[ToySpace, ToyInTwoSteps])
def space(request: pytest.FixtureRequest) -> ToySpace:
    of = toy()
    made = request.param(**{field.name: getattr(of, field.name) for field in fields(of)})
    assert isinstance(made, ToySpace)
    return made


def everything(space: ToySpace) -> list[Architecture]:
    """All architectures, part by part."""
    found = [()]
    for _ in space.ranges:
        found = [(*before, choice) for before in found for choice in space.choices(before)]  # type: ignore[misc]
    return [space.assemble(parts) for parts in found]


def window_of(space: ToySpace, low: float, high: float) -> Constraint:
    gmacs = sorted(space.cost(each).gmacs for each in everything(space))
    return Constraint(min_gmacs=gmacs[int(low * len(gmacs))], max_gmacs=gmacs[int(high * len(gmacs))])


@pytest.mark.parametrize(
    ("constraint", "said"),
    [
        (
            Constraint(max_gmacs=0.05),
            r"no architecture of space 'resnet50' has at most 0.05 GMACs; its smallest has 0.5\d+. "
            r"Raise max_gmacs.",
        ),
        (Constraint(max_params=1000), r"at most 1,000 parameters; its smallest has [\d,]+. Raise max_params"),
        (Constraint(min_gmacs=99), r"at least 99 GMACs; its biggest has 1.8\d+. Lower min_gmacs."),
        (Constraint(min_gmacs=1.2, max_gmacs=1.1), "min_gmacs must be at most max_gmacs.*1.2 and 1.1"),
    ],
)
def test_what_cannot_hold_is_refused_before_anything_is_drawn(constraint: Constraint, said: str) -> None:
    with pytest.raises(ConstraintError, match=said):
        check_not_empty(build_space("resnet50"), constraint)


@pytest.mark.parametrize(
    ("constraint", "said"),
    [
        (Constraint(max_gmacs=-1), "max_gmacs must be a finite number of at least 0, but it is -1"),
        (Constraint(min_gmacs=math.nan), "min_gmacs must be a finite number of at least 0, but it is nan"),
        (Constraint(max_gmacs=math.inf), "max_gmacs must be a finite number of at least 0, but it is inf"),
    ],
)
def test_a_bound_that_is_no_cost_is_refused(constraint: Constraint, said: str) -> None:
    with pytest.raises(BoundError, match=said):
        check_not_empty(build_space("resnet50"), constraint)


@pytest.mark.parametrize("name", SPACES)
def test_the_smallest_and_the_biggest_that_errors_name_are_bounds_that_hold(name: str) -> None:
    space = build_space(name)
    for asked, field in ((Constraint(max_gmacs=1e-6), "max_gmacs"), (Constraint(min_gmacs=1e3), "min_gmacs")):
        with pytest.raises(NoneFoundError) as refused:
            check_not_empty(space, asked)
        found = float(refused.value.found.rpartition(" ")[2])
        bounds: dict[str, Any] = {field: found}
        check_not_empty(space, Constraint(**bounds))


def test_errors_of_drawing_survive_pickling() -> None:
    with pytest.raises(NoneFoundError) as refused:
        check_not_empty(build_space("resnet50"), Constraint(max_gmacs=0.05))
    again = pickle.loads(pickle.dumps(refused.value))
    assert str(again) == str(refused.value)
    assert (again.fields, again.how) == (("max_gmacs",), "Raise")


@pytest.mark.parametrize(("low", "high"), [(0, 0.05), (0.4, 0.6), (0.9, 0.999)])
@pytest.mark.parametrize("light", [None, 0.5])
def test_all_that_are_listed_are_all_that_are_allowed(
    space: ToySpace, low: float, high: float, light: float | None
) -> None:
    """`light` is the share of the window's architectures that a bound on parameters leaves, if any."""
    constraint = window_of(space, low, high)
    allowed = [each for each in everything(space) if constraint.allows(space.cost(each))]
    if light is not None:
        params = sorted(space.cost(each).params for each in allowed)
        constraint = replace(constraint, max_params=params[int(light * len(params))])
        allowed = [each for each in allowed if constraint.allows(space.cost(each))]
    drawn = sample_many(space, constraint, 10**6, np.random.default_rng(0))
    assert {each.key for each in drawn} == {each.key for each in allowed}
    assert len(drawn) == len(allowed) > 0


def test_every_allowed_architecture_is_drawn_equally_often(space: ToySpace) -> None:
    constraint = window_of(space, 0.3, 0.4)
    allowed = [each.key for each in everything(space) if constraint.allows(space.cost(each))]
    table, rng, draws = candidates(space, constraint), np.random.default_rng(0), 100 * len(allowed)
    drawn: list[str] = []
    while len(drawn) < draws:
        drawn += [each.key for each in table.draw(rng, draws - len(drawn))]

    counts = Counter(drawn)
    chi_square = sum((counts[key] - 100) ** 2 / 100 for key in allowed)
    freedom = len(allowed) - 1
    assert counts.keys() == set(allowed)
    assert abs(chi_square - freedom) < 5 * math.sqrt(2 * freedom)


def test_the_frequencies_of_single_draws_match_those_of_rejected_uniform_ones() -> None:
    """Over a window too full to be listed: the mean cost of both agrees within what chance allows."""
    space = build_space("mobilenetv3-small")
    whole, window = Constraint(), Constraint(min_gmacs=0.012, max_gmacs=0.02)
    rng = np.random.default_rng(0)
    slow = [space.cost(each).gmacs for each in sample_many(space, whole, 3000, rng)]
    slow = [gmacs for gmacs in slow if 0.012 <= gmacs <= 0.02]
    fast = [space.cost(each).gmacs for each in sample_many(space, window, 3000, rng)]
    error = math.hypot(np.std(slow) / math.sqrt(len(slow)), np.std(fast) / math.sqrt(len(fast)))
    assert abs(np.mean(slow) - np.mean(fast)) < 4 * error


def test_the_number_of_paths_is_the_number_of_architectures(space: ToySpace) -> None:
    assert candidates(space, Constraint()).counts.total == len(everything(space))


def test_drawing_one_at_a_time_finds_all_and_then_says_so() -> None:
    space = toy()
    constraint, rng = window_of(space, 0.50, 0.51), np.random.default_rng(0)
    count = len(sample_many(space, constraint, 1000, rng))
    seen: set[str] = set()
    for _ in range(count):
        seen.add(sample_under(space, constraint, rng, seen).key)
    assert len(seen) == count
    with pytest.raises(ConstraintError, match=rf"all {count} architectures of space 'toy'.*known already"):
        sample_under(space, constraint, rng, seen)


def test_the_same_generator_gives_the_same_draw_whatever_was_drawn_before() -> None:
    space, constraint = build_space("mobilenetv3-small"), Constraint(max_gmacs=0.015)
    first = sample_under(space, constraint, np.random.default_rng(3))
    candidates.cache_clear()
    sample_under(space, Constraint(max_gmacs=0.02), np.random.default_rng(4))
    assert sample_under(space, constraint, np.random.default_rng(3)) == first


def test_a_window_that_draws_keep_missing_ends_with_the_count_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    """One whole number of MACs in the middle of a large space: buckets are wider than that."""
    space = build_space("mobilenetv3-small")
    middle = (1.3e7 + 0.25) / 1e9
    monkeypatch.setattr("spaces.drawing.MOST_LISTED", 0)
    candidates.cache_clear()
    with pytest.raises(ConstraintError, match=r"only 0 new architectures .* among [\d,]+ drawn") as caught:
        sample_under(space, Constraint(min_gmacs=middle, max_gmacs=middle + 0.5e-9), np.random.default_rng(0))
    candidates.cache_clear()
    tried = int(str(caught.value).partition("among ")[2].partition(" drawn")[0].replace(",", ""))
    assert MOST_TRIES <= tried <= 2 * MOST_TRIES


@pytest.mark.parametrize("name", SPACES)
def test_a_thousand_distinct_architectures_come_from_a_5_percent_window_at_either_end(name: str) -> None:
    space = build_space(name)
    least, most = space.cost(space.smallest()).gmacs, space.cost(space.biggest()).gmacs
    for window in (Constraint(max_gmacs=least * 1.05), Constraint(min_gmacs=most / 1.05)):
        drawn = sample_many(space, window, 1000, np.random.default_rng(0))
        listed = candidates(space, window).listed
        assert len({each.key for each in drawn}) == len(drawn)
        assert len(drawn) == (1000 if listed is None else min(1000, len(listed)))
        assert all(window.allows(space.cost(each)) for each in drawn)


def test_keys_of_a_draw_are_in_no_order_of_cost() -> None:
    """A caller that takes the first few of many must not get the cheapest."""
    space = build_space("mobilenetv3-small")
    costs = [
        space.cost(each).macs for each in sample_many(space, Constraint(), 500, np.random.default_rng(0))
    ]
    rising = sum(after > before for before, after in pairwise(costs))
    assert 200 < rising < 300

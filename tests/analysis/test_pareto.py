"""The non-dominated set: hand-worked fronts, then what must hold for any points."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from analysis.errors import AnalysisError
from analysis.pareto import non_dominated, pareto_front
from analysis.trials import Direction, read_trials

MIN: Direction = "minimize"
MAX: Direction = "maximize"
MakeRow = Callable[..., dict[str, Any]]
WriteRun = Callable[..., Path]


def test_a_front_worked_by_hand() -> None:
    #        front   front   worse y  front   equal x, worse y  equal y, worse x
    points = [(1, 5), (2, 7), (3, 6), (4, 9), (2, 6), (5, 9)]
    assert non_dominated(points, (MIN, MAX)).tolist() == [True, True, False, True, False, False]


def test_directions_turn_the_front() -> None:
    points = [(1, 1), (1, 2), (2, 1), (2, 2)]
    assert non_dominated(points, (MIN, MIN)).tolist() == [True, False, False, False]
    assert non_dominated(points, (MAX, MAX)).tolist() == [False, False, False, True]
    assert non_dominated(points, (MIN, MAX)).tolist() == [False, True, False, False]


def test_three_objectives_worked_by_hand() -> None:
    points = [(1, 1, 9), (1, 9, 1), (9, 1, 1), (9, 9, 9), (5, 5, 5), (5, 5, 6), (9, 1, 2)]
    expected = [True, True, True, False, True, False, False]
    assert non_dominated(points, (MIN, MIN, MIN)).tolist() == expected


def test_one_objective_keeps_every_best() -> None:
    assert non_dominated([[3.0], [1.0], [2.0], [1.0]], (MIN,)).tolist() == [False, True, False, True]


def test_equal_points_do_not_dominate_each_other() -> None:
    assert non_dominated([(1, 1), (1, 1), (0.0, 2), (-0.0, 2)], (MIN, MIN)).all()


def test_rows_with_nan_are_left_out_and_do_not_disturb_the_others() -> None:
    points = [(np.nan, 0), (1, 1), (0, np.nan), (2, 2)]
    assert non_dominated(points, (MIN, MIN)).tolist() == [False, True, False, False]
    assert not non_dominated([(np.nan, np.nan)], (MIN, MIN)).any()


def test_no_points_have_an_empty_front() -> None:
    assert non_dominated(np.empty((0, 2)), (MIN, MAX)).tolist() == []


def test_infinite_values_are_compared_like_others() -> None:
    points = [(-np.inf, 5), (0, 5), (np.inf, -np.inf)]
    assert non_dominated(points, (MIN, MIN)).tolist() == [True, False, True]


@pytest.mark.parametrize(("points", "ways"), [([(1, 2)], (MIN,)), ([1, 2], (MIN, MIN)), ([(1,)], ())])
def test_a_shape_that_does_not_fit_the_objectives_is_refused(points: Any, ways: Any) -> None:
    with pytest.raises(AnalysisError, match="one column for each of the"):
        non_dominated(points, ways)


def test_an_unknown_direction_is_refused() -> None:
    with pytest.raises(AnalysisError, match="directions must be 'maximize' or 'minimize'; got 'up'"):
        non_dominated([[1.0]], ("up",))  # type: ignore[arg-type]


@st.composite
def tables(draw: st.DrawFn) -> tuple[NDArray[np.float64], tuple[Direction, ...]]:
    """Few distinct values, so that ties and duplicates are common; some NaN."""
    ways = tuple(draw(st.lists(st.sampled_from([MIN, MAX]), min_size=1, max_size=4)))
    value = st.one_of(st.integers(0, 4).map(float), st.just(float("nan")))
    rows = draw(st.lists(st.tuples(*[value] * len(ways)), max_size=30))
    return np.array(rows, dtype=np.float64).reshape(len(rows), len(ways)), ways


@given(tables())
def test_a_point_is_on_the_front_exactly_when_nothing_dominates_it(
    table: tuple[NDArray[np.float64], tuple[Direction, ...]],
) -> None:
    points, ways = table
    costs = points * [1 if way == MIN else -1 for way in ways]
    chosen = non_dominated(points, ways)
    for row, on_front in zip(costs, chosen, strict=True):
        dominated = ((costs <= row).all(axis=1) & (costs < row).any(axis=1)).any()
        assert on_front == (not np.isnan(row).any() and not dominated)


@given(tables(), st.randoms(use_true_random=False))
def test_the_order_of_the_rows_does_not_matter(
    table: tuple[NDArray[np.float64], tuple[Direction, ...]], random: Any
) -> None:
    points, ways = table
    order = random.sample(range(len(points)), len(points))
    assert non_dominated(points[order], ways).tolist() == non_dominated(points, ways)[order].tolist()


@given(tables())
def test_a_second_objective_that_repeats_the_first_changes_nothing(
    table: tuple[NDArray[np.float64], tuple[Direction, ...]],
) -> None:
    points, ways = table
    doubled = np.concatenate([points, points], axis=1)
    assert non_dominated(doubled, (*ways, *ways)).tolist() == non_dominated(points, ways).tolist()


def test_the_front_of_a_run_goes_from_best_to_worst_in_the_first_objective(
    row: MakeRow, failed: MakeRow, write: WriteRun
) -> None:
    rows = [
        row(0, gmacs=0.5, ap=0.60),
        row(1, gmacs=0.2, ap=0.40),
        row(2, gmacs=0.3, ap=0.35),
        failed(3, gmacs=0.1),
        row(4, gmacs=0.4, ap=0.55),
    ]
    trials = read_trials(write(rows))
    assert pareto_front(trials)["trial"].tolist() == [1, 4, 0]
    assert pareto_front(trials, ["ap", "gmacs"])["trial"].tolist() == [0, 4, 1]


def test_failed_trials_take_no_part_even_where_their_objectives_are_known(
    row: MakeRow, failed: MakeRow, write: WriteRun
) -> None:
    trials = read_trials(write([row(0, gmacs=0.5, params=9), failed(1, gmacs=0.1, params=1)]))
    assert pareto_front(trials, ["gmacs", "params"])["trial"].tolist() == [0]


def test_equal_architectures_appear_once_and_different_ones_with_equal_values_all(
    row: MakeRow, write: WriteRun
) -> None:
    trials = read_trials(write([row(2, key="b"), row(0, key="a"), row(1, key="a"), row(3, key="c", ap=0.1)]))
    front = pareto_front(trials)
    assert list(zip(front["key"], front["trial"], strict=True)) == [("a", 0), ("b", 2)]


def test_an_objective_without_direction_is_refused(synthetic_run: Path) -> None:
    with pytest.raises(AnalysisError, match="column 'seed' has none in its metadata"):
        pareto_front(read_trials(synthetic_run), ["gmacs", "seed"])


def test_a_hundred_thousand_points_on_one_front_take_a_moment() -> None:
    x = np.arange(100_000, dtype=np.float64)
    assert non_dominated(np.stack([x, -x], axis=1), (MIN, MIN)).all()  # quadratic work would take minutes

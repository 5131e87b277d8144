"""The dominated area: worked by hand, then counted cell by cell."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.errors import AnalysisError
from analysis.hypervolume import dominated_area, hypervolume
from analysis.trials import Direction, read_trials

MIN: Direction = "minimize"
MAX: Direction = "maximize"
MakeRow = Callable[..., dict[str, Any]]
WriteRun = Callable[..., Path]
Points = list[tuple[int, int]]
points = st.lists(st.tuples(st.integers(-2, 9), st.integers(-2, 9)), max_size=12)


def test_a_staircase_worked_by_hand() -> None:
    # (4-1)(4-3) + (4-2)(3-2) + (4-3)(2-1) = 3 + 2 + 1
    assert dominated_area([(1, 3), (2, 2), (3, 1)], (MIN, MIN), (4, 4)) == 6


def test_less_computation_and_more_ap_worked_by_hand() -> None:
    # (1-0.2)(0.4-0) + (1-0.5)(0.6-0.4) = 0.32 + 0.10
    assert dominated_area([(0.5, 0.6), (0.2, 0.4)], (MIN, MAX), (1.0, 0.0)) == pytest.approx(0.42, abs=1e-12)


@pytest.mark.parametrize("extra", [(1, 3), (3, 3), (4, 0), (0, 4), (9, 9), (np.nan, 0)])
def test_equal_dominated_outside_and_missing_points_add_nothing(extra: tuple[float, float]) -> None:
    assert dominated_area([(1, 3), (2, 2), (3, 1), extra], (MIN, MIN), (4, 4)) == 6


def test_nothing_has_no_area() -> None:
    assert dominated_area(np.empty((0, 2)), (MIN, MIN), (1, 1)) == 0


@given(points)
def test_the_area_is_the_number_of_dominated_cells(cells: Points) -> None:
    covered = sum(any(x <= i and y <= j for x, y in cells) for i in range(-2, 7) for j in range(-2, 7))
    assert dominated_area(np.reshape(cells, (-1, 2)), (MIN, MIN), (7, 7)) == covered


@given(points, st.tuples(st.integers(-2, 9), st.integers(-2, 9)))
def test_one_more_point_never_takes_area_away(cells: Points, more: tuple[int, int]) -> None:
    before = dominated_area(np.reshape(cells, (-1, 2)), (MIN, MAX), (7, 0))
    assert dominated_area([*cells, more], (MIN, MAX), (7, 0)) >= before


@given(points)
def test_turning_both_axes_leaves_the_area(cells: Points) -> None:
    table = np.reshape(cells, (-1, 2))
    assert dominated_area(-table, (MAX, MAX), (-7, -7)) == dominated_area(table, (MIN, MIN), (7, 7))


def test_a_run_takes_its_objectives_from_the_reference(
    row: MakeRow, failed: MakeRow, write: WriteRun
) -> None:
    rows = [row(0, gmacs=0.5, ap=0.6), row(1, gmacs=0.2, ap=0.4), failed(2, gmacs=0.1)]
    trials = read_trials(write(rows))
    assert hypervolume(trials, {"gmacs": 1.0, "ap": 0.0}) == pytest.approx(0.42, abs=1e-12)
    assert hypervolume(trials, {"ap": 0.0, "gmacs": 1.0}) == pytest.approx(0.42, abs=1e-12)


@pytest.mark.parametrize("reference", [{"gmacs": 1.0}, {"gmacs": 1.0, "ap": float("nan")}])
def test_a_reference_that_is_no_point_is_refused(synthetic_run: Path, reference: dict[str, float]) -> None:
    with pytest.raises(AnalysisError, match="two objectives and a number of reference for each"):
        hypervolume(read_trials(synthetic_run), reference)

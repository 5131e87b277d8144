"""NSGA-II's order, on results small enough to rank by hand."""

from __future__ import annotations

import numpy as np

from platform.samplers.ranking import best_first, crowding

# AP and GMACs: three on the front, the middle one crowded by nobody else, and two behind it
RESULTS = np.array([[0.5, 1.0], [0.7, 2.0], [0.9, 4.0], [0.6, 3.0], [0.4, 5.0]])


def test_the_ends_of_a_front_come_before_its_middle_and_later_fronts_after_it() -> None:
    assert best_first(RESULTS, 5).tolist() == [0, 2, 1, 3, 4]


def test_no_more_are_chosen_than_asked_for_and_no_more_than_there_are() -> None:
    assert best_first(RESULTS, 2).tolist() == [0, 2]
    assert len(best_first(RESULTS, 9)) == 5
    assert best_first(np.zeros((0, 2)), 3).tolist() == []


def test_crowding_is_the_extent_between_the_neighbours() -> None:
    front = np.array([[0.1, 1.0], [0.2, 2.0], [0.4, 4.0], [0.5, 5.0]])
    np.testing.assert_allclose(crowding(front), [np.inf, 0.75 + 0.75, 0.75 + 0.75, np.inf])


def test_equal_results_are_all_at_the_ends_of_nothing() -> None:
    assert len(best_first(np.ones((4, 2)), 4)) == 4

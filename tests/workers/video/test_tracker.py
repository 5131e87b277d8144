"""Tracks by overlap, with numbers worked by hand."""

from __future__ import annotations

import numpy as np
import pytest

from workers.video.tracker import BoxTracker


def box(x: float, width: float = 10.0) -> list[float]:
    """10 px high, at the left edge `x`: boxes shifted by d px overlap by (10 - d) / (10 + d)."""
    return [x, 0.0, width, 10.0]


def test_people_keep_their_numbers_whatever_the_order_of_their_boxes() -> None:
    tracker = BoxTracker()
    assert tracker.step(0, np.array([box(0), box(50)])).tolist() == [1, 2]
    assert tracker.step(1, np.array([box(52), box(2)])).tolist() == [2, 1]
    assert tracker.step(2, np.array([box(100), box(54), box(4)])).tolist() == [3, 2, 1]
    assert tracker.tracks == 3


@pytest.mark.parametrize(("shift", "same"), [(5.0, True), (5.3, True), (5.5, False), (11.0, False)])
def test_a_box_is_the_same_persons_where_it_overlaps_enough(shift: float, same: bool) -> None:
    # 5 / 15 = 0.333; 4.7 / 15.3 = 0.307; 4.5 / 15.5 = 0.290, below 0.3
    tracker = BoxTracker(least_overlap=0.3)
    tracker.step(0, np.array([box(0)]))
    assert tracker.step(1, np.array([box(shift)])).tolist() == [1 if same else 2]


def test_all_pairs_are_chosen_together() -> None:
    # Tracks at 0 and 6. A box at 3 overlaps both by 7 / 13 = 0.54, one at 2 the first by 8 / 12 = 0.67 and
    # the second by 6 / 14 = 0.43. So 2 is the first and 3 the second: 1.21, not 0.97.
    tracker = BoxTracker()
    tracker.step(0, np.array([box(0), box(6)]))
    assert tracker.step(1, np.array([box(3), box(2)])).tolist() == [2, 1]
    # Tracks 1 at 2 and 2 at 3. Boxes at 0 and at 2.4: 1 takes 0 (0.67), for 2 takes 2.4 (0.89): 1.56; the
    # nearest pair first would be 1 with 2.4 (0.92) and leave 2 with 0 (0.54): 1.46.
    assert tracker.step(2, np.array([box(2.4), box(0)])).tolist() == [2, 1]


def test_who_is_away_for_long_returns_as_another() -> None:
    for frame, expected in ((4, 1), (5, 2)):
        tracker = BoxTracker(most_gap=4)
        tracker.step(0, np.array([box(0)]))
        assert tracker.step(2, np.empty((0, 4))).tolist() == []
        assert tracker.step(frame, np.array([box(0)])).tolist() == [expected]


def test_two_boxes_of_a_frame_never_share_a_track() -> None:
    tracker = BoxTracker()
    tracker.step(0, np.array([box(0)]))
    ids = tracker.step(1, np.array([box(1), box(0), box(2)]))
    assert ids.tolist() == [2, 1, 3]

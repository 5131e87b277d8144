from __future__ import annotations

import io

import pytest
from rich.console import Console

from platform.trials.state import SearchState
from platform.trials.view import SearchView, time_left
from tests.platform.trial_rows import trial_row


class Clock:
    """Seconds that pass when the test says so."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def test_the_front_and_its_hypervolume_follow_the_trials() -> None:
    state = SearchState(total=10, most_gmacs=1.0)
    assert [
        state.take(trial_row(trial, ap=ap, gmacs=gmacs))
        for trial, (ap, gmacs) in enumerate([(0.4, 0.5), (0.3, 0.6), (0.6, 0.8), (0.4, 0.5), (0.5, 0.5)])
    ] == [True, False, True, False, True]
    assert sorted(state.front) == [(0.5, 0.5), (0.6, 0.8)]
    assert state.hypervolume == pytest.approx(0.5 * 0.5 + 0.1 * 0.2)
    assert state.best is not None
    assert (state.best["ap"], state.done, state.failed) == (0.6, 5, 0)
    assert state.metrics() == {
        "search/best_ap": 0.6, "search/front_size": 2, "search/hypervolume": state.hypervolume,
    }  # fmt: skip


def test_failed_and_stopped_trials_count_and_are_no_best() -> None:
    state = SearchState(total=10, most_gmacs=1.0)
    state.take(trial_row(0, ap=None, status="failed"))
    state.take(trial_row(1, ap=None, status="stopped", first_look_ap=0.9))
    assert (state.done, state.failed, state.best, state.front) == (2, 1, None, [])


def test_what_was_taken_over_is_no_trial_of_this_run_and_may_be_the_best() -> None:
    state = SearchState(total=10, most_gmacs=1.0)
    state.take(trial_row(-1, ap=0.9, origin="other#4"))
    assert (state.done, state.taken_over, len(state.front)) == (0, 1, 1)


def test_pace_and_time_left_are_this_starts_own_from_its_first_result_on() -> None:
    clock = Clock()
    state = SearchState(total=10, most_gmacs=1.0, clock=clock)
    for trial in range(4):
        state.take(trial_row(trial))  # of an earlier start
    for trial in range(4, 8):
        state.begin(trial)
    assert (state.running, time_left(state)) == (4, "time left unknown")
    for trial, second in ((4, 130.0), (5, 135.0), (6, 150.0)):
        clock.now_s = second
        state.take(trial_row(trial))
    assert state.running == 1
    assert state.per_minute == pytest.approx(6.0)
    assert time_left(state) == "0:30 left"


def shown(terminal: bool) -> str:
    out = io.StringIO()
    console = Console(file=out, width=100, force_terminal=terminal, color_system=None)
    state = SearchState(total=2, most_gmacs=0.5)
    with SearchView(console, "spatial_search", state, "at most 0.5 GMACs") as view:
        for trial in range(2):
            state.begin(trial)
            state.take(trial_row(trial, ap=0.25 + trial / 4))
            view.update()
    return out.getvalue()


def test_a_file_gets_one_plain_line_at_the_end() -> None:
    (line,) = shown(terminal=False).splitlines()
    assert line.startswith("spatial_search 2/2, done: best AP 0.500 at 0.2500 GMACs, 1 on the front, hyperv")
    assert "hypervolume 0.125 (from AP 0, 0.5 GMACs), 0 running, 0 failed" in line


def test_a_terminal_gets_a_block_that_fits_it() -> None:
    said = shown(terminal=True)
    for text in ("2/2", "0 running, 0 failed", "best AP 0.500", "at most 0.5 GMACs", "1 on the front"):
        assert text in said

"""The bookkeeping of a search, worker by worker, without Ray."""

from __future__ import annotations

from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import pytest

from platform.terminal.errors import ClusterError
from platform.trials.queue import TrialQueue
from platform.trials.retry import RetryPolicy
from spaces.errors import ConstraintError
from workers.errors import DataError, UnexpectedError

FINISHED = {"status": "finished", "error": None}


class Letters:
    """Proposes a to e, and then nothing more."""

    def __init__(self) -> None:
        self.asked: list[int] = []

    def propose(self, trial: int) -> Any:
        self.asked.append(trial)
        if trial >= 5:
            raise ConstraintError("no new letter")
        return "abcde"[trial]

    def observe(self, trial: int | None, observation: Any) -> None:
        """Learns nothing."""


class Rows(dict[int, tuple[str, str, Any]]):
    def add(self, trial: int, candidate: Any, measured: dict[str, Any]) -> None:
        self[trial] = (candidate, measured["status"], measured["error"])


class Clock:
    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def queue_of(trials: int, rows: Rows, clock: Clock | None = None) -> TrialQueue:
    policy = RetryPolicy(max_deaths=1, max_lost_starts=3, timeout_s=10)
    return TrialQueue(Letters(), range(trials), rows.add, policy, clock or Clock())


def taken(queue: TrialQueue, worker: str, most: int) -> list[str]:
    return [trial.candidate for trial in queue.take(worker, most)]


def test_every_trial_is_proposed_once_and_only_when_a_worker_takes_it() -> None:
    rows = Rows()
    letters = Letters()
    queue = TrialQueue(letters, range(3), rows.add, RetryPolicy())
    assert taken(queue, "one", 2) == ["a", "b"]
    assert letters.asked == [0, 1]
    queue.came("one", FINISHED)
    queue.came("one", FINISHED)
    assert taken(queue, "one", 2) == ["c"]
    queue.came("one", FINISHED)
    assert queue.finished
    assert {trial: row[0] for trial, row in rows.items()} == {0: "a", 1: "b", 2: "c"}


def test_a_death_in_mid_batch_costs_only_the_candidate_under_way() -> None:
    """Its batch of three had one row; the dead one is first in the next batch, those behind it follow."""
    rows = Rows()
    queue = queue_of(5, rows)
    queue.take("one", 3)
    queue.begin("one")
    queue.came("one", FINISHED)
    queue.died("one")
    assert taken(queue, "two", 5) == ["b", "c", "d", "e"]
    assert list(rows) == [0]
    queue.begin("two")
    queue.died("two")
    assert rows[1] == ("b", "failed", "its worker died 2 times")
    assert taken(queue, "three", 5) == ["c", "d", "e"]


def test_a_candidate_that_no_worker_has_begun_is_not_to_blame_for_their_deaths() -> None:
    """A node goes with three workers: those that are handed to the next of them come back as they were."""
    rows = Rows()
    queue = queue_of(3, rows)
    for gone in ("one", "two", "three"):
        assert taken(queue, gone, 2) == ["a", "b"]
        queue.died(gone)
    queue.take("four", 3)
    queue.begin("four")
    queue.died("four")
    assert taken(queue, "five", 3) == ["a", "b", "c"]
    assert not rows
    for gone, following in pairwise(("five", "six", "seven", "eight")):
        queue.died(gone)
        queue.take(following, 3)
    assert queue.stopped_by is None, "a worker began, so the count was anew"


def test_workers_that_never_begin_stop_the_search_and_leave_no_failed_row() -> None:
    rows = Rows()
    queue = queue_of(3, rows)
    for worker in "1234":
        assert taken(queue, worker, 1) == ["a"]
        queue.died(worker)
    assert isinstance(queue.stopped_by, ClusterError)
    assert queue.finished
    assert not rows


def test_a_worker_that_ended_itself_leaves_a_failed_row() -> None:
    rows, clock = Rows(), Clock()
    queue = queue_of(2, rows, clock)
    queue.take("one", 2)
    clock.now_s = 100.0  # until its process was up
    queue.begin("one")
    clock.now_s = 109.0
    queue.came("one", FINISHED)
    clock.now_s = 119.0
    queue.died("one")
    assert rows[1][1:] == ("failed", "no result within 10 s (resources.timeout-s): its worker was ended")
    assert queue.finished


def test_broken_data_hands_out_nothing_more_and_is_no_row() -> None:
    rows = Rows()
    queue = queue_of(5, rows)
    queue.take("one", 1)
    queue.take("two", 1)
    queue.came("one", {"status": "data_error", "error": "no images"})
    assert taken(queue, "one", 1) == []
    queue.came("two", FINISHED)
    assert queue.finished
    assert list(rows) == [1]
    assert isinstance(queue.stopped_by, DataError)


def test_a_sampler_that_runs_out_leaves_what_it_proposed() -> None:
    rows = Rows()
    queue = queue_of(9, rows)
    assert taken(queue, "one", 9) == ["a", "b", "c", "d", "e"]
    assert isinstance(queue.stopped_by, ConstraintError)
    for _ in range(5):
        assert not queue.finished
        queue.came("one", FINISHED)
    assert queue.finished
    assert len(rows) == 5


def test_a_row_that_cannot_be_kept_stops_the_search() -> None:
    def full(*_: Any) -> None:
        raise OSError("no space left on device")

    queue = TrialQueue(Letters(), range(5), full, RetryPolicy())
    queue.take("one", 1)
    queue.came("one", FINISHED)
    assert queue.finished
    with pytest.raises(OSError, match="no space"):
        raise queue.stopped_by or AssertionError


class Named(Letters):
    """Proposes candidates with keys."""

    def propose(self, trial: int) -> Any:
        return SimpleNamespace(key=super().propose(trial))


def test_an_error_that_nobody_foresaw_is_told_whole_and_once_for_each_place_in_the_program() -> None:
    told: list[str] = []
    queue = TrialQueue(Named(), range(3), Rows().add, RetryPolicy(), say=told.append)
    queue.take("one", 3)
    for where, what in (("line 1", "5 is odd"), ("line 1", "7 is odd"), ("line 2", "7 is odd")):
        failed = {
            "status": "failed",
            "error": what,
            "traceback": f"Traceback:\n  {where}\nValueError: {what}\n",
        }
        queue.came("one", failed)
    assert told == [
        "trial 0 (a) met an error in the program itself:\nTraceback:\n  line 1\nValueError: 5 is odd\n",
        "trial 2 (c) met an error in the program itself:\nTraceback:\n  line 2\nValueError: 7 is odd\n",
    ]
    assert queue.finished


def test_a_broken_program_stops_the_search_with_the_workers_traceback() -> None:
    rows = Rows()
    queue = queue_of(3, rows)
    queue.take("one", 1)
    queue.came(
        "one", {"status": "broken", "error": "making the evaluator", "traceback": "line 1\nKeyError: 3"}
    )
    assert not rows
    assert isinstance(queue.stopped_by, UnexpectedError)
    assert str(queue.stopped_by).endswith("line 1\nKeyError: 3")


def test_a_death_that_is_survived_is_one_line() -> None:
    told: list[str] = []
    queue = TrialQueue(Letters(), range(1), Rows().add, RetryPolicy(), say=told.append)
    queue.take("one", 1)
    queue.begin("one")
    queue.died("one")
    assert told == ["a worker died at trial 0, which another one tries again (death 1)"]

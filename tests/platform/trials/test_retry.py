from __future__ import annotations

import pytest

from platform.trials.retry import End, RetryDecision, RetryPolicy

POLICY = RetryPolicy(max_deaths=2, max_lost_starts=4, timeout_s=10)


@pytest.mark.parametrize(
    ("end", "decision"),
    [
        (End.FINISHED, RetryDecision.RECORD),
        (End.STOPPED, RetryDecision.RECORD),
        (End.FAILED, RetryDecision.RECORD),
        (End.TIMED_OUT, RetryDecision.RECORD),
        (End.DATA_ERROR, RetryDecision.ABORT),
    ],
)
def test_only_broken_data_ends_a_search(end: End, decision: RetryDecision) -> None:
    assert POLICY.decide(end) is decision


def test_a_candidate_survives_two_deaths_of_workers_and_not_three() -> None:
    decisions = [POLICY.decide(End.WORKER_DIED, deaths) for deaths in (1, 2, 3)]
    assert decisions == [RetryDecision.RETRY, RetryDecision.RETRY, RetryDecision.RECORD]
    assert POLICY.reason(End.WORKER_DIED, 3) == "its worker died 3 times"


def test_a_candidate_may_survive_any_number_of_deaths() -> None:
    assert RetryPolicy(max_deaths=-1).decide(End.WORKER_DIED, 1000) is RetryDecision.RETRY


def test_a_worker_that_never_began_is_not_its_candidates_death() -> None:
    assert POLICY.of_death(None) is End.NEVER_BEGAN
    assert POLICY.decide(End.NEVER_BEGAN, 4) is RetryDecision.RETRY
    assert POLICY.decide(End.NEVER_BEGAN, 5) is RetryDecision.ABORT
    assert POLICY.reason(End.NEVER_BEGAN, 5).startswith("5 workers in a row died before they began")


def test_a_death_after_the_time_limit_was_a_timeout() -> None:
    assert POLICY.of_death(9.9) is End.WORKER_DIED
    assert POLICY.of_death(10.0) is End.TIMED_OUT
    assert "no result within 10 s" in POLICY.reason(End.TIMED_OUT, 1)


def test_without_a_time_limit_every_death_is_one() -> None:
    assert RetryPolicy().of_death(1e9) is End.WORKER_DIED

"""Which candidates to hand out next, which are under way, and what becomes of their results."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from platform.samplers.sampler import Proposer
from platform.terminal.errors import ClusterError
from platform.trials.retry import End, RetryDecision, RetryPolicy
from spaces.errors import ConstraintError
from workers.errors import DataError
from workers.search.candidates import Measured

OnDone = Callable[[int, Any, Measured], None]


@dataclass(slots=True)
class Job:
    """One trial of the search: its number and what it evaluates."""

    trial: int
    candidate: Any
    deaths: int = 0  # of workers, while they had it


@dataclass(slots=True)
class _Batch:
    """What one worker was given, the job under way first."""

    jobs: deque[Job]
    since_s: float | None = None  # when it began with the first, if it has


class TrialQueue:
    """Plain bookkeeping between a sampler and whoever evaluates. A row is durable before the next decision.

    `stopped_by` is why nothing more is handed out: the sampler has no more, the data or the table broke.
    """

    def __init__(
        self, sampler: Proposer, waiting: Sequence[int], on_done: OnDone, policy: RetryPolicy,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        self.sampler, self.on_done, self.policy = sampler, on_done, policy
        self.stopped_by: Exception | None = None
        self._waiting, self._again = deque(waiting), deque[Job]()
        self._batches: dict[str, _Batch] = {}
        self._lost_starts = 0  # since a worker last began
        self._clock = clock

    @property
    def batches(self) -> int:
        """Workers that have something to do."""
        return len(self._batches)

    @property
    def finished(self) -> bool:
        """Nothing left, and nothing under way that could come back."""
        return not self._batches and (self.stopped_by is not None or not self.left)

    @property
    def left(self) -> int:
        """Jobs that nobody has yet."""
        return len(self._waiting) + len(self._again)

    def take(self, worker: str, most: int) -> list[Job]:
        """Up to `most` jobs for a worker, those that lost theirs first; empty when there are none."""
        jobs = deque(self._next_jobs(most))
        if jobs:
            self._batches[worker] = _Batch(jobs)
        return list(jobs)

    def begin(self, worker: str) -> None:
        """The worker is up and turns to its first job."""
        self._batches[worker].since_s = self._clock()
        self._lost_starts = 0

    def came(self, worker: str, measured: Mapping[str, Any]) -> None:
        """The result of the worker's job under way."""
        batch = self._batches[worker]
        job = batch.jobs.popleft()
        batch.since_s = self._clock()
        if not batch.jobs:
            del self._batches[worker]
        if self.policy.decide(End(measured["status"])) is RetryDecision.ABORT:
            self._stop(DataError(str(measured["error"])))
        else:
            self._record(job, dict(measured))

    def died(self, worker: str) -> None:
        """The worker is gone: its job under way is judged, those behind it are handed out anew.

        A job that it had not begun is not to blame. Where worker after worker is gone so early, all is: the
        search stops.
        """
        batch = self._batches.pop(worker)
        end = self.policy.of_death(None if batch.since_s is None else self._clock() - batch.since_s)
        if end is End.NEVER_BEGAN:
            self._lost_starts += 1
            self._again.extendleft(reversed(batch.jobs))
            if self.policy.decide(end, self._lost_starts) is RetryDecision.ABORT:
                self._stop(ClusterError(self.policy.reason(end, self._lost_starts)))
            return
        job = batch.jobs.popleft()
        self._again.extendleft(reversed(batch.jobs))
        job.deaths += 1
        if self.policy.decide(end, job.deaths) is RetryDecision.RETRY:
            self._again.appendleft(job)
        else:
            reason = self.policy.reason(end, job.deaths)
            self._record(job, {"status": "failed", "error": reason, "worker": None})

    def _next_jobs(self, most: int) -> Iterator[Job]:
        for _ in range(most):
            if self.stopped_by is not None:
                return
            if self._again:
                yield self._again.popleft()
            elif self._waiting:
                try:
                    candidate = self.sampler.propose(self._waiting[0])
                except ConstraintError as error:
                    return self._stop(error)
                yield Job(self._waiting.popleft(), candidate)

    def _record(self, job: Job, measured: Measured) -> None:
        try:
            self.on_done(job.trial, job.candidate, measured)
        except Exception as error:  # a full disk, say: not one more result could be kept
            self._stop(error)

    def _stop(self, why: Exception) -> None:
        self.stopped_by = self.stopped_by or why

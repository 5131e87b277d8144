"""Which candidates to hand out next, which are under way, and what becomes of their results."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, final

from platform.samplers.sampler import Proposer
from platform.terminal.errors import ClusterError
from platform.trials.retry import End, RetryDecision, RetryPolicy
from spaces.errors import ConstraintError
from workers.errors import DataError, UnexpectedError
from workers.search.candidates import Measured

OnDone = Callable[[int, Any, Measured], None]


@final
@dataclass(slots=True)
class QueuedTrial:
    """A trial of the search that has no row yet: its number and what it evaluates."""

    number: int
    candidate: Any
    deaths: int = 0  # of workers, while they had it


@final
@dataclass(slots=True)
class _Batch:
    """What one worker was given, the trial under way first."""

    trials: deque[QueuedTrial]
    since_s: float | None = None  # when it began with the first, if it has


@final
class TrialQueue:
    """The trials of a search between its sampler and the workers; a row is durable before the next decision.

    `stopped_by` is why nothing more is handed out: the sampler has no more, the data or the table broke.
    """

    def __init__(
        self, sampler: Proposer, pending: Sequence[int], on_done: OnDone, policy: RetryPolicy,
        clock: Callable[[], float] = time.monotonic, say: Callable[[str], None] = print,
    ) -> None:  # fmt: skip
        self.sampler, self.on_done, self.policy = sampler, on_done, policy
        self.stopped_by: Exception | None = None
        self._pending, self._again = deque(pending), deque[QueuedTrial]()
        self._batches: dict[str, _Batch] = {}
        self._lost_starts = 0  # since a worker last began
        self._clock, self.say = clock, say
        self._told = set[str]()

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
        """Trials that nobody has yet."""
        return len(self._pending) + len(self._again)

    def take(self, worker: str, most: int) -> list[QueuedTrial]:
        """Up to `most` trials for a worker, those that lost theirs first; empty when there are none."""
        trials = deque(self._next_trials(most))
        if trials:
            self._batches[worker] = _Batch(trials)
        return list(trials)

    def begin(self, worker: str) -> None:
        """The worker is up and turns to its first trial."""
        self._batches[worker].since_s = self._clock()
        self._lost_starts = 0

    def came(self, worker: str, measured: Mapping[str, Any]) -> None:
        """The result of the worker's trial under way."""
        batch = self._batches[worker]
        trial = batch.trials.popleft()
        batch.since_s = self._clock()
        if not batch.trials:
            del self._batches[worker]
        end, told = End(measured["status"]), measured.get("traceback")
        if self.policy.decide(end) is RetryDecision.ABORT:
            error = str(measured["error"])
            self._stop(DataError(error) if told is None else UnexpectedError(error, told))
            return
        if told is not None:
            self._tell(trial, told)
        self._record(trial, dict(measured))

    def died(self, worker: str) -> None:
        """The worker is gone: its trial under way is judged, those behind it are handed out anew.

        A trial that it had not begun is not to blame. Where worker after worker is gone so early, all is: the
        search stops.
        """
        batch = self._batches.pop(worker)
        end = self.policy.of_death(None if batch.since_s is None else self._clock() - batch.since_s)
        if end is End.NEVER_BEGAN:
            self._lost_starts += 1
            self._again.extendleft(reversed(batch.trials))
            if self.policy.decide(end, self._lost_starts) is RetryDecision.ABORT:
                self._stop(ClusterError(self.policy.reason(end, self._lost_starts)))
            return
        trial = batch.trials.popleft()
        self._again.extendleft(reversed(batch.trials))
        trial.deaths += 1
        if self.policy.decide(end, trial.deaths) is RetryDecision.RETRY:
            self._again.appendleft(trial)
            self.say(
                f"a worker died at trial {trial.number}, which another one tries again (death {trial.deaths})"
            )
        else:
            reason = self.policy.reason(end, trial.deaths)
            self._record(trial, {"status": "failed", "error": reason, "worker": None})

    def _next_trials(self, most: int) -> Iterator[QueuedTrial]:
        for _ in range(most):
            if self.stopped_by is not None:
                return
            if self._again:
                yield self._again.popleft()
            elif self._pending:
                try:
                    candidate = self.sampler.propose(self._pending[0])
                except ConstraintError as error:
                    return self._stop(error)
                yield QueuedTrial(self._pending.popleft(), candidate)

    def _tell(self, trial: QueuedTrial, told: str) -> None:
        """An error that nobody foresaw, whole; one from the same lines again is in the table alone."""
        lines = told.rstrip().rpartition("\n")[0]
        if lines not in self._told:
            self._told.add(lines)
            self.say(
                f"trial {trial.number} ({trial.candidate.key}) met an error in the program itself:\n{told}"
            )

    def _record(self, trial: QueuedTrial, measured: Measured) -> None:
        try:
            self.on_done(trial.number, trial.candidate, measured)
        except Exception as error:  # a full disk, say: not one more result could be kept
            self._stop(error)

    def _stop(self, why: Exception) -> None:
        self.stopped_by = self.stopped_by or why

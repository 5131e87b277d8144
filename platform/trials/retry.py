"""What becomes of a trial that ended, decided apart from the loop that acts on it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import final


class End(Enum):
    """How one evaluation ended."""

    FINISHED = "finished"
    STOPPED = "stopped"  # at the first rung, whose AP is its result
    FAILED = "failed"  # the candidate's own error, which is its result
    DATA_ERROR = "data_error"  # would strike every candidate alike
    BROKEN = "broken"  # so would this, an error in the program itself
    WORKER_DIED = "worker_died"
    NEVER_BEGAN = "never_began"  # its worker, or the node that held it, was gone before
    TIMED_OUT = "timed_out"  # its worker ended itself


class RetryDecision(Enum):
    """What the driver does next."""

    RECORD = "record"  # a row, finished or failed, and the search goes on
    RETRY = "retry"  # the same candidate again, on another worker
    ABORT = "abort"  # the search stops with one message


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """A worker's death is retried; everything else is a result, or the end of the search."""

    max_deaths: int = 3
    """Deaths of workers at work on it that a candidate survives before it is a failed row; -1 any number."""
    max_lost_starts: int = 30
    """Workers in a row that may be gone before they began, as those of a large node that was taken away."""
    timeout_s: float | None = None
    """Seconds at one candidate after which a worker ends itself."""

    def of_death(self, ran_s: float | None) -> End:
        """Which end the death of a worker was that had worked on its candidate for `ran_s`; None: never."""
        if ran_s is None:
            return End.NEVER_BEGAN
        timed_out = self.timeout_s is not None and ran_s >= self.timeout_s
        return End.TIMED_OUT if timed_out else End.WORKER_DIED

    def decide(self, end: End, deaths: int = 0) -> RetryDecision:
        """`deaths`, the last one included: on this candidate, or of workers in a row that never began."""
        if end in (End.DATA_ERROR, End.BROKEN):
            return RetryDecision.ABORT
        if end is End.NEVER_BEGAN:
            return RetryDecision.RETRY if deaths <= self.max_lost_starts else RetryDecision.ABORT
        if end is End.WORKER_DIED and (self.max_deaths < 0 or deaths <= self.max_deaths):
            return RetryDecision.RETRY
        return RetryDecision.RECORD

    def reason(self, end: End, deaths: int) -> str:
        """The column `error` of a candidate without a result, or why the search stops."""
        if end is End.TIMED_OUT:
            return f"no result within {self.timeout_s:g} s (resources.timeout-s): its worker was ended"
        if end is End.NEVER_BEGAN:
            return (
                f"{deaths} workers in a row died before they began with a candidate, so the search stopped. "
                "Ray's logs say why (worker-*.err; often memory): mend it, or give a worker more with "
                "--resources.cpus-per-slot or fewer --resources.slots. The same command continues."
            )
        return f"its worker died {deaths} times"

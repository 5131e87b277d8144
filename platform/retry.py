"""What becomes of a trial that ended, decided apart from the loop that acts on it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class End(Enum):
    """How one evaluation ended."""

    FINISHED = "finished"
    STOPPED = "stopped"  # after a first look, which is its result, too
    FAILED = "failed"  # the candidate's own error, which is its result
    DATA_ERROR = "data_error"  # would strike every candidate alike
    WORKER_DIED = "worker_died"
    TIMED_OUT = "timed_out"  # its worker ended itself


class Decision(Enum):
    """What the driver does next."""

    RECORD = "record"  # a row, finished or failed, and the search goes on
    RETRY = "retry"  # the same candidate again, on another worker
    ABORT = "abort"  # the search stops with one message


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """A worker's death is retried; everything else is a result, or the end of the search."""

    max_deaths: int = 2
    """Deaths of workers that one candidate survives before it is a failed row."""
    timeout_s: float | None = None
    """After which a worker ends itself."""

    def of_death(self, ran_s: float) -> End:
        """Which end the death of a worker was that had worked on its candidate for `ran_s`."""
        timed_out = self.timeout_s is not None and ran_s >= self.timeout_s
        return End.TIMED_OUT if timed_out else End.WORKER_DIED

    def decide(self, end: End, deaths: int = 0) -> Decision:
        """`deaths`: workers that have died on this candidate, the last one included."""
        if end is End.DATA_ERROR:
            return Decision.ABORT
        if end is End.WORKER_DIED and deaths <= self.max_deaths:
            return Decision.RETRY
        return Decision.RECORD

    def reason(self, end: End, deaths: int) -> str:
        """The column `error` of a candidate without a result."""
        if end is End.TIMED_OUT:
            return f"no result within {self.timeout_s:g} s (resources.timeout-s): its worker was ended"
        return f"its worker died {deaths} times"

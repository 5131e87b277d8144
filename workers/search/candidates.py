"""What a search's workers know of candidates: texts that an evaluator turns into figures."""

from __future__ import annotations

import time
import traceback
from typing import Any, Protocol, runtime_checkable

import torch

from spaces.errors import VipnasError
from workers.errors import DataError, UnexpectedError, is_of_the_machine, of_the_machine

Measured = dict[str, Any]  # columns of the results table


@runtime_checkable
class Evaluator(Protocol):
    """Holds what all candidates share. The same candidate gives the same figures whatever came before."""

    def measure(self, candidate: str, threshold: float | None = None) -> Measured:
        """The figures of one candidate, from its canonical JSON.

        `threshold` is what AP at the first rung must reach for a promotion; None where there are no rungs.
        Raises DataError for what would strike every candidate alike; any other error is this candidate's own.
        """
        ...


@runtime_checkable
class Inputs(Protocol):
    """A picklable value, once per node in the object store, that every worker makes its evaluator from."""

    def evaluator(self, device: torch.device) -> Evaluator: ...


def attempt(evaluator: Evaluator, candidate: str, threshold: float | None = None) -> Measured:
    """The figures with `status`, `error` and the seconds it took; an error is a result.

    "finished"; "stopped" at the first rung; "failed" is the candidate's own failure; "data_error" and
    "broken" would strike every candidate alike, so they say nothing about this one. `traceback` is there
    where the error is one that nobody foresaw.
    """
    started_s = time.perf_counter()
    measured: Measured
    try:
        measured = {"status": "finished", "error": None} | evaluator.measure(candidate, threshold)
    except DataError as error:
        measured = {"status": "data_error", "error": str(error)}
    except UnexpectedError as error:
        measured = {"status": "broken", "error": error.during, "traceback": error.told}
    except Exception as error:
        if is_of_the_machine(error):
            measured = {"status": "data_error", "error": of_the_machine(error)}
        else:
            measured = {"status": "failed", "error": f"{type(error).__name__}: {error}"}
            if not isinstance(error, VipnasError):
                measured["traceback"] = traceback.format_exc()
    return measured | {"total_s": time.perf_counter() - started_s}

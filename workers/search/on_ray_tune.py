"""The thin Ray Tune adapter: one actor serves many Tune trials, each a batch of candidates, one a step."""

from __future__ import annotations

import os
import socket
import traceback
from typing import Any, final

import torch
from ray import tune

from spaces.errors import VipnasError
from workers.errors import DataError, UnexpectedError, is_of_the_machine, of_the_machine
from workers.memory import keep_freed_memory
from workers.search.candidates import Evaluator, Inputs, Measured, attempt
from workers.search.watchdog import ended_after
from workers.threads import use_threads


@final
class CandidateTrial(tune.Trainable):
    """Evaluates a batch of candidates, one a step; reused, so that inputs are loaded once.

    The config has `candidates`, canonical JSON texts, and `threshold`, that of their promotion or None.
    """

    def setup(  # type: ignore[override]
        self, config: dict[str, Any], inputs: Inputs, threads: int = 1, timeout_s: float | None = None
    ) -> None:
        keep_freed_memory()
        use_threads(threads)
        # Ray shows this process the GPUs that it was given, and no others.
        device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.timeout_s = timeout_s
        self.evaluator: Evaluator
        try:
            self.evaluator = inputs.evaluator(device)
        except VipnasError as error:  # every worker's would break alike
            self.evaluator = _Broken(DataError(f"no evaluator: {type(error).__name__}: {error}"))
        except Exception as error:
            if is_of_the_machine(error):
                self.evaluator = _Broken(DataError(f"no evaluator: {of_the_machine(error)}"))
            else:
                told = traceback.format_exc()
                self.evaluator = _Broken(UnexpectedError("making the evaluator", told))
        self.reset_config(config)

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        self.candidates: list[str] = new_config["candidates"]
        self.threshold: float | None = new_config["threshold"]
        self.done = 0
        return True

    def step(self) -> Measured:
        with ended_after(self.timeout_s):
            measured = attempt(self.evaluator, self.candidates[self.done], self.threshold)
        self.done += 1
        worker = f"{socket.gethostname()}:{os.getpid()}"
        return measured | {"worker": worker, "done": self.done == len(self.candidates)}

    def save_checkpoint(self, checkpoint_dir: str) -> None:
        """The results table is what a search resumes from: there is nothing to save."""

    def load_checkpoint(self, checkpoint: Any) -> None:
        """Nothing to load: the results table is what a search resumes from."""


@final
class _Broken:
    """Stands for an evaluator that could not be made."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def measure(self, candidate: str, threshold: float | None = None) -> Measured:
        raise self.error

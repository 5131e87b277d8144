"""Candidates that do to their worker what their text says."""

from __future__ import annotations

import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch


@dataclass(frozen=True)
class Word:
    """fine, hang, fail, two (waits for a second worker) or kill3, which kills three workers, then is fine."""

    text: str
    number: int = 0

    @property
    def key(self) -> str:
        return self.to_json()

    def to_json(self) -> str:
        return f"{self.text} {self.number}"


@dataclass(frozen=True)
class OddInputs:
    """`folder` gets an empty file for each evaluation that began, and for each worker that died before."""

    folder: Path
    broken: bool = False
    deaths_before: int = 0

    def evaluator(self, device: torch.device) -> OddEvaluator:
        if len(list(self.folder.glob("unready *"))) < self.deaths_before:
            (self.folder / f"unready {os.getpid()}").touch()
            os.kill(os.getpid(), signal.SIGKILL)
        if self.broken:
            raise ValueError("the weights do not fit")
        return OddEvaluator(self.folder)


class OddEvaluator:
    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def measure(self, candidate: str, threshold: float | None = None) -> dict[str, Any]:
        text = candidate.split()[0]
        times = len(list(self.folder.glob(f"{candidate} *")))
        (self.folder / f"{candidate} {times}").touch()
        if text == "kill3" and times < 3:
            os.kill(os.getpid(), signal.SIGKILL)
        if text == "hang":
            time.sleep(600)
        if text == "two":
            self._wait_for_two_workers()
        if text == "fail":
            raise RuntimeError("it does not converge")
        return {"ap": 0.5, "first_look_ap": 0.25}

    def _wait_for_two_workers(self, patience_s: float = 90) -> None:
        deadline_s = time.monotonic() + patience_s
        (self.folder / f"worker {os.getpid()}").touch()
        while len(list(self.folder.glob("worker *"))) < 2:
            if time.monotonic() > deadline_s:
                raise RuntimeError("no second worker came")
            time.sleep(0.05)

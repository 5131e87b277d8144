"""A search that evaluates nothing: what remains is the driver."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from workers.search.candidates import Measured


@dataclass(frozen=True)
class NoInputs:
    """Inputs whose evaluator returns at once."""

    def evaluator(self, device: torch.device) -> NoEvaluator:
        return NoEvaluator()


class NoEvaluator:
    """Gives every candidate the same figures."""

    def measure(self, candidate: str, bar: float | None = None) -> Measured:
        return {"ap": 0.5, "recalibrate_s": 0.0, "evaluate_s": 0.0}

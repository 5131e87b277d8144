"""When to write a checkpoint, and which figures it is judged by: decisions alone, without Ray and files."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from statistics import fmean
from typing import final

from workers.training.config import TrainConfig
from workers.training.loops.loop import StepReport
from workers.training.tasks.validation import ValidationReport


@final
@dataclass(frozen=True, slots=True)
class CheckpointPolicy:
    """Every so many steps and every so many epochs, wherever a training was resumed."""

    every_steps: int
    steps_per_epoch: int
    every_epochs: int

    @classmethod
    def of(cls, config: TrainConfig, steps_per_epoch: int) -> CheckpointPolicy:
        return cls(config.checkpoint_every_steps, steps_per_epoch, config.checkpoint_every_epochs)

    def due(self, steps_done: int) -> bool:
        periods = (self.every_steps, self.every_epochs * self.steps_per_epoch)
        return any(steps_done % period == 0 for period in periods)


@final
@dataclass(slots=True)
class CheckpointMetrics:
    """What a checkpoint is judged by: mean loss of the steps since the one before, and AP if scored."""

    _losses: list[float] = field(default_factory=list)
    _ap: float = math.nan

    def add(self, report: StepReport, validation: ValidationReport | None) -> None:
        self._losses.append(fmean((report.loss_biggest, report.loss_smallest, report.loss_random)))
        if validation is not None:
            self._ap = fmean((validation.ap_biggest, validation.ap_smallest, validation.ap_random))

    def take(self) -> dict[str, float]:
        """The figures, those that are finite, and a new beginning."""
        figures = {"loss": fmean(self._losses) if self._losses else math.nan, "ap": self._ap}
        self._losses, self._ap = [], math.nan
        return {name: figure for name, figure in figures.items() if math.isfinite(figure)}

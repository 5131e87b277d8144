"""What every training offers the loop that drives it, be it of a supernet or of one network."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, Protocol, runtime_checkable

from workers.data.batches.training_set import TrainingSet
from workers.training.config import SpatialTask
from workers.training.loops.loop import StepReport
from workers.training.parallel.ranks import Ranks


@runtime_checkable
class Training(Protocol):
    """`for report in training.steps()` trains to the end; between two reports the state may be taken.

    A network's training reports its one loss as that of biggest, smallest and random subnet alike.
    """

    task: SpatialTask
    data: TrainingSet
    ranks: Ranks
    step: int
    """Over all epochs: how many are done."""

    @property
    def steps_per_epoch(self) -> int: ...

    @property
    def epoch(self) -> int: ...

    @property
    def finished(self) -> bool: ...

    def steps(self) -> Generator[StepReport, None, None]: ...

    def state(self) -> dict[str, Any]: ...

    def load(self, state: dict[str, Any]) -> None: ...

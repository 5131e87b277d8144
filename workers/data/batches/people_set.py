"""Training batches of single people."""

from __future__ import annotations

from typing import final

from workers.data.batches.augment import Draw
from workers.data.batches.samples import Plan, Planned
from workers.data.batches.training_set import TrainingSet


@final
class PeopleTrainingSet(TrainingSet):
    """Augmented crops and heatmaps of labelled people, each drawn on its own; `batch_size` counts people."""

    @property
    def samples(self) -> int:
        return len(self.people)

    @property
    def frames(self) -> int:
        return 1

    def _planned(self, sample: int, draw: Draw) -> Plan:
        return [Planned(sample, self.people.people[sample], draw)]

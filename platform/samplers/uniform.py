"""Random candidates under the constraint: the paper's search (section 3.4.3)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Generic

import numpy as np

from platform.feasible.feasible_set import C, FeasibleSet
from platform.samplers.optuna_study import SearchStudy
from platform.samplers.sampler import Observation

_STREAM = 4  # keeps this random stream apart from those of data and training


class UniformSampler(Generic[C]):
    """Trial n has the same candidate in every run of one seed, however many run at a time or came back.

    With results of other runs it is one of those that are left, in an order of its own.
    """

    def __init__(self, feasible: FeasibleSet[C], study: SearchStudy[C], seed: int) -> None:
        self.feasible, self.study, self.seed = feasible, study, seed
        self._sequence: list[C] = []
        self._known: set[str] = set()

    def propose(self, trial: int) -> C:
        while len(self._sequence) <= trial:
            rng = np.random.default_rng([_STREAM, self.seed, len(self._sequence)])
            self._sequence.append(self.feasible.sample(rng, self._known))
            self._known.add(self._sequence[-1].key)
        return self._sequence[trial]

    def observe(self, trial: int | None, observation: Observation[C]) -> None:
        """A result of this run changes nothing but the study's record: its candidate is in the sequence."""
        self.study.tell(observation)
        if trial is None:
            self._known.add(observation.candidate.key)

    def notes(self) -> Mapping[str, float]:
        return {}

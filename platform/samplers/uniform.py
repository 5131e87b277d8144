"""Random architectures under the constraint: the paper's search (section 3.4.3)."""

from __future__ import annotations

import numpy as np

from platform.samplers.optuna_study import SearchStudy
from platform.samplers.sampler import Observation
from spaces.architecture import Architecture
from spaces.constraint import Constraint, sample_under

_STREAM = 4  # keeps this random stream apart from those of data and training


class UniformSampler:
    """Trial n has the same architecture in every run of one seed, however many run at a time or came back."""

    def __init__(self, study: SearchStudy, constraint: Constraint, seed: int) -> None:
        self.study, self.constraint, self.seed = study, constraint, seed
        self._sequence: list[Architecture] = []
        self._keys: set[str] = set()

    def propose(self, trial: int) -> Architecture:
        while len(self._sequence) <= trial:
            rng = np.random.default_rng([_STREAM, self.seed, len(self._sequence)])
            architecture = sample_under(self.study.space, self.constraint, rng, self._keys)
            self._sequence.append(architecture)
            self._keys.add(architecture.key)
        return self._sequence[trial]

    def observe(self, trial: int | None, observation: Observation) -> None:
        """A result of this run changes nothing but the study's record: it is in the sequence."""
        self.study.tell(trial, observation)
        if trial is None:
            self._keys.add(observation.architecture.key)

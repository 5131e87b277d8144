"""NSGA-II from Optuna: accuracy against MACs, both at once."""

from __future__ import annotations

import numpy as np

from platform.samplers.optuna_study import SearchStudy
from platform.samplers.sampler import Observation
from spaces.architecture import Architecture
from spaces.constraint import Constraint, sample_under

MOST_ASKS = 50  # of Optuna for one proposal, before a random one is taken
_STREAM = 5


class Nsga2Sampler:
    """Proposes what Optuna asks for; what the constraint forbids or the run has seen goes back as failed."""

    def __init__(self, study: SearchStudy, constraint: Constraint, seed: int) -> None:
        self.study, self.constraint, self.seed = study, constraint, seed
        self._keys: set[str] = set()

    def propose(self, trial: int) -> Architecture:
        architecture = self._asked(trial) or self._random(trial)
        self._keys.add(architecture.key)
        return architecture

    def observe(self, trial: int | None, observation: Observation) -> None:
        self._keys.add(observation.architecture.key)
        self.study.tell(trial, observation)

    def _asked(self, trial: int) -> Architecture | None:
        space = self.study.space
        for _ in range(MOST_ASKS):
            asked, architecture = self.study.ask()
            if self.constraint.allows(space.cost(architecture)) and architecture.key not in self._keys:
                self.study.accept(trial, asked)
                return architecture
            self.study.reject(asked)
        return None

    def _random(self, trial: int) -> Architecture:
        rng = np.random.default_rng([_STREAM, self.seed, trial])
        return sample_under(self.study.space, self.constraint, rng, self._keys)

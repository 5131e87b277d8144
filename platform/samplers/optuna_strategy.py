"""Optuna's samplers as strategies: TPE and NSGA-II, both after accuracy and MACs at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Generic, final

import numpy as np
from optuna.samplers import BaseSampler, NSGAIISampler, TPESampler
from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState

from platform.feasible.feasible_set import C, FeasibleSet
from platform.samplers.optuna_study import SearchStudy
from platform.samplers.sampler import Observation

MOST_ASKS = 4  # of Optuna for one proposal; then its last answer is varied, which costs a hundredth
TPE_STARTUP = 30  # results before the first model


@final
class OptunaStrategy(Generic[C]):
    """Asks a new sampler of Optuna each time, so that its state is the study and the trial's own seed."""

    def __init__(
        self, feasible: FeasibleSet[C], study: SearchStudy[C], build: Callable[[int], BaseSampler]
    ) -> None:
        self.feasible, self.study, self.build = feasible, study, build

    def draws(self, history: Sequence[Observation[C]], rng: np.random.Generator) -> Iterator[C]:
        view = self.study.view(self.build(int(rng.integers(1 << 31))))
        for _ in range(MOST_ASKS):
            values = self.study.ask(view)
            if values is None:
                return
            asked = self.feasible.nearest(values)
            yield asked
        while True:
            yield self.feasible.mutate(asked, rng)

    def notes(self) -> Mapping[str, float]:
        return {}


def tpe(seed: int) -> BaseSampler:
    """Multivariate, and without its liar for running trials: no two proposals are equal anyway."""
    return TPESampler(n_startup_trials=TPE_STARTUP, multivariate=True, constant_liar=False, seed=seed)


def nsga2(population: int) -> Callable[[int], BaseSampler]:
    return lambda seed: Nsga2(population_size=population, seed=seed)


@final
class Nsga2(NSGAIISampler):
    """Generation g is made of the g-th `population_size` results, whoever proposed them."""

    def get_trial_generation(self, study: Study, trial: FrozenTrial) -> int:
        assert self.population_size is not None
        return len(_finished(study)) // self.population_size

    def get_population(self, study: Study, generation: int) -> list[FrozenTrial]:
        assert self.population_size is not None
        first = generation * self.population_size
        return _finished(study)[first : first + self.population_size]

    def get_parent_population(self, study: Study, generation: int) -> list[FrozenTrial]:
        """The parents in the study's order, whether just selected or remembered: draws depend on it."""
        return sorted(super().get_parent_population(study, generation), key=lambda trial: trial.number)


def _finished(study: Study) -> list[FrozenTrial]:
    return study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))

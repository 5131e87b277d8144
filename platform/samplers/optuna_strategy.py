"""Optuna's samplers as strategies, after accuracy and MACs at once, and TPE as one of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Generic, Protocol, final

import numpy as np
from optuna.samplers import TPESampler
from optuna.study import Study
from optuna.trial import FrozenTrial

from platform.feasible.feasible_set import C, FeasibleSet
from platform.samplers.learning_set import LearningSet, Result
from platform.samplers.optuna_memory import Memory

MOST_ASKS = 4  # of Optuna for one proposal; then its last answer is varied, which costs a hundredth
TPE_STARTUP = 30  # results before the first model


class Learner(Protocol[C]):
    """A sampler of Optuna beside the part of the results that it learns from."""

    def learn(self, result: Result[C]) -> None:
        """Takes a result, in the order in which they come."""
        ...

    def view(self, seed: int) -> Study:
        """The trials to learn from as a study, with a sampler that draws by `seed`."""
        ...


@final
class OptunaStrategy(Generic[C]):
    """Asks a new sampler of Optuna each time: its state is what was learnt and the trial's own seed."""

    def __init__(self, feasible: FeasibleSet[C], memory: Memory[C], learner: Learner[C]) -> None:
        self.feasible, self.memory, self.learner = feasible, memory, learner

    def learn(self, result: Result[C]) -> None:
        self.learner.learn(result)

    def draws(self, rng: np.random.Generator) -> Iterator[C]:
        view = self.learner.view(int(rng.integers(1 << 31)))
        for _ in range(MOST_ASKS):
            values = self.memory.ask(view)
            if values is None:
                return
            asked = self.feasible.nearest(values)
            yield asked
        while True:
            yield self.feasible.mutate(asked, rng)

    def notes(self) -> Mapping[str, float]:
        return {}


@final
class Tpe(Generic[C]):
    """TPE on a learning set."""

    def __init__(self, memory: Memory[C]) -> None:
        self.memory = memory
        self._learnt = LearningSet[C]()
        self._trials: dict[int, FrozenTrial] = {}

    def learn(self, result: Result[C]) -> None:
        self._learnt.add(result)

    def view(self, seed: int) -> Study:
        known, self._trials = self._trials, {}
        for result in self._learnt.results:
            self._trials[result.number] = known.get(result.number) or self.memory.trial(result)
        return self.memory.view(_Tpe(seed), list(self._trials.values()))


@final
class _Tpe(TPESampler):
    """Multivariate, and without its liar for running trials: no two proposals are equal anyway.

    It is made for one proposal, so what it works out of the trials holds for all that it is asked.
    """

    def __init__(self, seed: int) -> None:
        super().__init__(n_startup_trials=TPE_STARTUP, multivariate=True, constant_liar=False, seed=seed)
        self._estimators: dict[tuple[bool, tuple[str, ...]], Any] = {}

    def _build_parzen_estimator(
        self, study: Study, search_space: dict[str, Any], trials: Sequence[FrozenTrial], handle_below: bool
    ) -> Any:
        of = handle_below, tuple(search_space)
        if of not in self._estimators:
            self._estimators[of] = super()._build_parzen_estimator(
                study, search_space, list(trials), handle_below
            )
        return self._estimators[of]

"""Optuna's NSGA-II over a search in which nobody waits: generations are made of results as they come."""

from __future__ import annotations

from typing import Generic, final

from optuna.samplers import NSGAIISampler
from optuna.study import Study
from optuna.trial import FrozenTrial

from platform.feasible.feasible_set import C
from platform.samplers.learning_set import Result
from platform.samplers.optuna_memory import Memory


@final
class Nsga2(Generic[C]):
    """Generation g is made of the g-th `population_size` scored results, whoever proposed them.

    Its parents are worked out once, when it is whole, and all before it is dropped: what is kept and what a
    proposal costs do not grow.
    """

    def __init__(self, memory: Memory[C], population_size: int) -> None:
        self.memory, self.population_size = memory, population_size
        self.generation = 0
        self._population: list[Result[C]] = []
        self._parents: list[Result[C]] = []

    def learn(self, result: Result[C]) -> None:
        if result.observation.ap is None:
            return
        self._population.append(result)
        if len(self._population) == self.population_size:
            self._parents, self._population = self._selected(), []
            self.generation += 1

    def view(self, seed: int) -> Study:
        parents = [self.memory.trial(result) for result in self._parents]
        return self.memory.view(_Nsga2(self.population_size, seed, self.generation, [], parents))

    def _selected(self) -> list[Result[C]]:
        """The parents in the order in which they came, for draws depend on it."""
        population, parents = (
            [self.memory.trial(result, described=False) for result in results]
            for results in (self._population, self._parents)
        )
        sampler = _Nsga2(self.population_size, 0, self.generation, population, parents)
        chosen = sampler.select_parent(self.memory.view(sampler), self.generation + 1)
        numbers = {trial.number for trial in chosen}
        return [result for result in [*self._parents, *self._population] if result.number in numbers]


@final
class _Nsga2(NSGAIISampler):
    """Is told generation, population and parents, where Optuna's looks for them among all trials."""

    def __init__(
        self, population_size: int, seed: int, generation: int,
        population: list[FrozenTrial], parents: list[FrozenTrial],
    ) -> None:  # fmt: skip
        super().__init__(population_size=population_size, seed=seed)
        self._generation, self._trials, self._parents = generation, population, parents

    def get_trial_generation(self, study: Study, trial: FrozenTrial) -> int:
        return self._generation

    def get_population(self, study: Study, generation: int) -> list[FrozenTrial]:
        return self._trials

    def get_parent_population(self, study: Study, generation: int) -> list[FrozenTrial]:
        return self._parents

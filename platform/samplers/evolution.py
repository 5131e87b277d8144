"""Evolution, steady state: each proposal is a child of the best results so far, and nobody waits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Generic, final

import numpy as np

from platform.feasible.feasible_set import C, FeasibleSet
from platform.samplers.ranking import best_first
from platform.samplers.sampler import Observation

CROSSOVER_SHARE = 0.9  # of children that have two parents


@final
class Evolution(Generic[C]):
    """Parents are the `population` best results by front and crowding, the better of two at a time.

    mu + 1 selection in NSGA-II's order: every result competes as it comes, so no slot waits for a generation.
    """

    def __init__(self, feasible: FeasibleSet[C], population: int) -> None:
        self.feasible, self.population = feasible, population
        self._read = 0
        self._parents: list[Observation[C]] = []

    def draws(self, history: Sequence[Observation[C]], rng: np.random.Generator) -> Iterator[C]:
        for observation in history[self._read :]:
            self._compete(observation)
        self._read = len(history)
        if len(self._parents) < self.population:
            return
        while True:
            yield child(self.feasible, [each.candidate for each in self._parents], rng)

    def notes(self) -> Mapping[str, float]:
        return {}

    def _compete(self, observation: Observation[C]) -> None:
        if observation.ap is not None and self.feasible.allows(observation.candidate):
            rivals = [*self._parents, observation]
            values = np.array([[each.ap, each.gmacs] for each in rivals])
            self._parents = [rivals[index] for index in best_first(values, self.population)]


def child(feasible: FeasibleSet[C], parents: Sequence[C], rng: np.random.Generator) -> C:
    """A mutant of a tournament's winner, or of a crossover of two; `parents` come best first."""
    mother, father = (parents[pair.min()] for pair in rng.integers(len(parents), size=(2, 2)))
    if rng.random() < CROSSOVER_SHARE:
        mother = feasible.crossover(mother, father, rng)
    return feasible.mutate(mother, rng)

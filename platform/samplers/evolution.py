"""Evolution, steady state: each proposal is a child of the best results so far, and nobody waits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Generic, final

import numpy as np
from jaxtyping import Float

from platform.feasible.feasible_set import C, FeasibleSet
from platform.samplers.learning_set import Result
from platform.samplers.ranking import best_first, fronts
from platform.samplers.sampler import Observation

CROSSOVER_SHARE = 0.9  # of children that have two parents


@final
class Evolution(Generic[C]):
    """Parents are the `population` best results by front and crowding, the better of two at a time.

    mu + 1 selection in NSGA-II's order: every result competes as it comes, so no slot waits for a generation.
    """

    def __init__(self, feasible: FeasibleSet[C], population: int) -> None:
        self.feasible, self.population = feasible, population
        self._parents: list[Observation[C]] = []
        self._last: list[list[float]] = []

    def learn(self, result: Result[C]) -> None:
        if result.observation.ap is not None and result.allowed:
            self._compete(result.observation, result.observation.ap)

    def draws(self, rng: np.random.Generator) -> Iterator[C]:
        if len(self._parents) < self.population:
            return
        while True:
            yield child(self.feasible, [each.candidate for each in self._parents], rng)

    def notes(self) -> Mapping[str, float]:
        return {}

    def _compete(self, observation: Observation[C], ap: float) -> None:
        """Whom one of the last front dominates changes nothing, and a long search has few others."""
        gmacs = observation.gmacs
        if any(one >= ap and cost <= gmacs and (one > ap or cost < gmacs) for one, cost in self._last):
            return
        rivals = [*self._parents, observation]
        values = np.array([[each.ap, each.gmacs] for each in rivals])
        chosen = best_first(values, self.population)
        self._parents = [rivals[index] for index in chosen]
        self._last = self._last_front(values[chosen])

    def _last_front(self, parents: Float[np.ndarray, "N 2"]) -> list[list[float]]:
        """The AP and GMACs of the last front's; nobody while there is room, or their order is not final."""
        again = best_first(parents, self.population)
        if len(parents) < self.population or (again != np.arange(len(parents))).any():
            return []
        *_, last = fronts(parents)
        return parents[last].tolist()


def child(feasible: FeasibleSet[C], parents: Sequence[C], rng: np.random.Generator) -> C:
    """A mutant of a tournament's winner, or of a crossover of two; `parents` come best first."""
    mother, father = (parents[pair.min()] for pair in rng.integers(len(parents), size=(2, 2)))
    if rng.random() < CROSSOVER_SHARE:
        mother = feasible.crossover(mother, father, rng)
    return feasible.mutate(mother, rng)

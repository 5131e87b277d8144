"""The sampler around every strategy that learns: it keeps to what is feasible and new, whatever is drawn."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Generic, Protocol, final

import numpy as np

from platform.feasible.feasible_set import C, FeasibleSet
from platform.samplers.learning_set import Result
from platform.samplers.optuna_study import SearchStudy
from platform.samplers.sampler import Observation
from spaces.streams import Stream, generator

MOST_DRAWS = 60  # of a strategy for one proposal, before a uniform one is taken


class Strategy(Protocol[C]):
    """Learns from results what to try next."""

    def learn(self, result: Result[C]) -> None:
        """Takes a result, in the order in which they come, those of other runs first."""
        ...

    def draws(self, rng: np.random.Generator) -> Iterator[C]:
        """Candidates of the space, the most wanted first; none while a uniform one would do as well.

        A draw need be neither feasible nor new, and there may be any number of them.
        """
        ...

    def notes(self) -> Mapping[str, float]:
        """See Sampler.notes."""
        ...


@final
class GuidedSampler(Generic[C]):
    """The first draw of a strategy that is feasible and new, a uniform one where none is.

    Trial n follows from the seed, n and the results so far.
    """

    def __init__(
        self, feasible: FeasibleSet[C], study: SearchStudy[C], seed: int, strategy: Strategy[C]
    ) -> None:
        self.feasible, self.study, self.seed, self.strategy = feasible, study, seed, strategy
        self._told = 0
        self._known: set[str] = set()

    def propose(self, trial: int) -> C:
        rng = generator(Stream.GUIDED_SEARCH, self.seed, trial)
        draws = islice(self.strategy.draws(rng), MOST_DRAWS)
        wanted = (each for each in draws if each.key not in self._known and self.feasible.allows(each))
        candidate = next(wanted, None) or self.feasible.sample(rng, self._known)
        self._known.add(candidate.key)
        return candidate

    def observe(self, trial: int | None, observation: Observation[C]) -> None:
        self._known.add(observation.candidate.key)
        allowed = self.feasible.allows(observation.candidate)
        self.study.tell(observation, allowed)
        self.strategy.learn(Result(self._told, observation, allowed))
        self._told += 1

    def notes(self) -> Mapping[str, float]:
        return self.strategy.notes()

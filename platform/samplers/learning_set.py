"""What a model learns from: every result while they are few, then the best and the newest."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Generic, final

import numpy as np

from platform.feasible.feasible_set import C
from platform.samplers.ranking import best_first
from platform.samplers.sampler import Observation

MOST_LEARNT = 500  # results; a search of by default so many trials learns from all
THEN = 300  # once some are left out: so many are learnt from in the time that a proposal may take
BEST, NEWEST = 100, 150  # that stay where there are more


@final
@dataclass(frozen=True, slots=True)
class Result(Generic[C]):
    """A result with its place in the order in which they came."""

    number: int
    observation: Observation[C]
    allowed: bool


@final
class LearningSet(Generic[C]):
    """Scored results, at most `MOST_LEARNT`: a model's cost does not grow with the search.

    Where one more comes, and from then on at `THEN` of them, the `BEST` by front and crowding of those that
    are allowed stay, and the `NEWEST`: what is worth finding, and what lies around it.
    """

    def __init__(self) -> None:
        self.results: list[Result[C]] = []
        self.core = 0
        """How many of the results, the oldest, the last thinning left; 0 while all are kept."""
        self.seen = 0
        """Scored results that have come, those that are left out now among them."""

    def add(self, result: Result[C]) -> None:
        """Takes a result, unless it has no score."""
        if result.observation.ap is None:
            return
        if len(self.results) == (THEN if self.core else MOST_LEARNT):
            self.results = list(self._best_and_newest())
            self.core = len(self.results)
        self.results.append(result)
        self.seen += 1

    def _best_and_newest(self) -> Iterator[Result[C]]:
        allowed = [index for index, result in enumerate(self.results) if result.allowed]
        values = [[each.ap, each.gmacs] for each in (self.results[index].observation for index in allowed)]
        best = {allowed[place] for place in best_first(np.array(values).reshape(-1, 2), BEST).tolist()}
        for index, result in enumerate(self.results):
            if index in best or index >= len(self.results) - NEWEST:
                yield result

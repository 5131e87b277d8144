"""Random candidates under the constraint: the paper's search (section 3.4.3)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Generic, final

from platform.feasible.feasible_set import C, FeasibleSet
from platform.samplers.optuna_study import SearchStudy
from platform.samplers.sampler import Observation
from spaces.streams import Stream, generator


@final
class UniformSampler(Generic[C]):
    """Trial n has the same candidate in every run of one seed, however many run at a time or came back.

    With results of other runs it is one of those that are left, in an order of its own.
    """

    def __init__(self, feasible: FeasibleSet[C], study: SearchStudy[C], seed: int) -> None:
        self.feasible, self.study, self.seed = feasible, study, seed
        self._sequence: list[C] = []
        self._given: dict[int, C] = {}  # trials that have a candidate already, whoever chose it
        self._known: set[str] = set()

    def propose(self, trial: int) -> C:
        while (number := len(self._sequence)) <= trial:
            self._sequence.append(self._given.get(number) or self._drawn(number))
            self._known.add(self._sequence[-1].key)
        return self._sequence[trial]

    def observe(self, trial: int | None, observation: Observation[C]) -> None:
        """What comes before its trial is proposed keeps the number: another version may have drawn it."""
        self.study.tell(observation, self.feasible.allows(observation.candidate))
        self._known.add(observation.candidate.key)
        if trial is not None:
            self._given[trial] = observation.candidate

    def notes(self) -> Mapping[str, float]:
        return {}

    def _drawn(self, number: int) -> C:
        return self.feasible.sample(generator(Stream.UNIFORM_SEARCH, self.seed, number), self._known)

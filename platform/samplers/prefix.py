"""Coordinate moves from the end: new allocations that share the first frames of evaluated ones.

An evaluator remembers what the beginnings of allocations gave, so a candidate costs the frames behind
what it shares. The first trials are a search among allocations with one choice for all frames, trial for
trial that of Figure 6b's control: there are far fewer of them, so it finds more than a search among all in as
many trials. Then the frames' choices part from the best of these.

Trials come in families of one beginning, taken from one of the best allocations so far: most keep all frames
but the last, a third as many all but two, and so on. Beginnings are renewed by families whose first member
is drawn uniformly.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice

import numpy as np

from platform.feasible.allocations import FeasibleAllocations
from platform.samplers.guided import MOST_DRAWS
from platform.samplers.optuna_study import SearchStudy
from platform.samplers.sampler import Observation
from spaces.errors import ConstraintError
from spaces.streams import Stream, generator
from spaces.temporal.allocation import Allocation

FAMILY = 4  # successive trials; given to one worker, they find their beginning in its memory
UNIFORM_FAMILIES = 2  # of one choice for all frames, drawn uniformly
EIGHTH = 8  # so many families later one has a uniform first member
ELITE = 4  # best results from which a family may descend
RARER = 3  # so many times for each further frame that is changed
MUTANTS, RECOMBINED = 0.5, 0.25  # shares of the ends; the others are drawn uniformly


@dataclass(frozen=True, slots=True)
class Family:
    """What its members have in common: the first `keep` frames of `parent`."""

    parent: Allocation
    keep: int


class PrefixSampler:
    """Trial n follows from the seed, n and the results so far of trials before its family, and of its first.

    The first `alike` trials, to whole families, have one choice for all frames. A proposal that `MOST_DRAWS`
    draws do not bring is uniform.
    """

    def __init__(
        self, feasible: FeasibleAllocations, study: SearchStudy[Allocation], seed: int, alike: int
    ) -> None:
        self.feasible, self.study, self.seed = feasible, study, seed
        self.first_families = alike // FAMILY
        self.alike = feasible.with_space(replace(feasible.space, shared=True))
        self._scored: list[tuple[int, float, Allocation]] = []  # trial, -1 for another run's; AP
        self._of_trial: dict[int, Allocation] = {}
        self._families: dict[int, Family | None] = {}
        self._known: set[str] = set()

    def propose(self, trial: int) -> Allocation:
        rng = generator(Stream.PREFIX_TRIAL, self.seed, trial)
        within = self._within(trial // FAMILY)
        draws = islice(self._draws(within, trial, rng), MOST_DRAWS)
        wanted = (each for each in draws if each.key not in self._known and within.allows(each))
        candidate = next(wanted, None) or self._uniform(within, rng)
        self._known.add(candidate.key)
        self._of_trial[trial] = candidate
        return candidate

    def observe(self, trial: int | None, observation: Observation[Allocation]) -> None:
        candidate = observation.candidate
        self._known.add(candidate.key)
        self.study.tell(observation)
        if trial is not None:
            self._of_trial[trial] = candidate
        if observation.ap is not None and self.feasible.allows(candidate):
            self._scored.append((-1 if trial is None else trial, observation.ap, candidate))

    def notes(self) -> Mapping[str, float]:
        return {}

    def _within(self, number: int) -> FeasibleAllocations:
        return self.alike if number < self.first_families else self.feasible

    def _uniform(self, within: FeasibleAllocations, rng: np.random.Generator) -> Allocation:
        try:
            return within.sample(rng, self._known)
        except ConstraintError:
            if within is self.feasible:
                raise
            return self.feasible.sample(rng, self._known)  # no further choice for all keeps the bounds

    def _draws(
        self, within: FeasibleAllocations, trial: int, rng: np.random.Generator
    ) -> Iterator[Allocation]:
        number = trial // FAMILY
        if within.space.shared and number < UNIFORM_FAMILIES:
            return
        elite = self._elite(within, number)
        if number not in self._families:
            self._families[number] = self._found(within, number, elite)
        family = self._families[number] or self._of_its_first(within, number, trial)
        while family is not None:
            yield self._member(within, family, elite, rng)

    def _found(self, within: FeasibleAllocations, number: int, elite: Sequence[Allocation]) -> Family | None:
        """A family of one of the best results; None where its first member is to be drawn uniformly."""
        if number % EIGHTH == EIGHTH - 1 or not elite:
            return None
        rng = generator(Stream.PREFIX_FAMILY, self.seed, number)
        parent = elite[int(rng.integers(len(elite), size=2).min())]
        rarities = float(RARER) ** -np.arange(within.space.drawn)
        changed = 1 + int(rng.choice(len(rarities), p=rarities / rarities.sum()))
        return Family(parent, within.space.drawn - changed)

    def _of_its_first(self, within: FeasibleAllocations, number: int, trial: int) -> Family | None:
        first = self._of_trial.get(number * FAMILY)
        if trial == number * FAMILY or first is None:
            return None
        return Family(first, within.space.drawn - 1)

    def _member(
        self, within: FeasibleAllocations, family: Family, elite: Sequence[Allocation],
        rng: np.random.Generator,
    ) -> Allocation:  # fmt: skip
        share = rng.random()
        if share < MUTANTS or not elite:
            return within.mutate_behind(family.parent, family.keep, rng)
        if share < MUTANTS + RECOMBINED:
            other = elite[int(rng.integers(len(elite)))]
            joined = within.joined(family.parent, other, family.keep)
            return within.mutate_behind(joined, family.keep, rng)
        return within.joined(family.parent, within.sample_by_cost(rng), family.keep)

    def _elite(self, within: FeasibleAllocations, number: int) -> list[Allocation]:
        """The best of what was known before the family, best first."""
        before = [
            each for each in self._scored if each[0] < number * FAMILY and within.space.contains(each[2])
        ]
        ranked = sorted(before, key=lambda each: (-each[1], each[2].key))
        return [candidate for _, _, candidate in ranked[:ELITE]]

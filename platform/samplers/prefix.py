"""Coordinate moves from the end: new allocations that share the first frames of evaluated ones.

An evaluator remembers what the beginnings of allocations gave, so a candidate costs the frames behind
what it shares. The first trials have one choice for all frames, then mutants of the best of these: there
are far fewer of them, so some tens of trials find a good one. From there trials come in families of one
beginning, taken from one of the best allocations so far: most keep all frames but the last, a third as
many all but two, and so on. Beginnings are renewed by families whose first member is drawn uniformly.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from math import ceil

import numpy as np

from platform.samplers.feasible_allocations import FeasibleAllocations
from platform.samplers.guided import MOST_DRAWS
from platform.samplers.optuna_study import SearchStudy
from platform.samplers.sampler import Observation
from spaces.errors import ConstraintError
from spaces.temporal.allocation import Allocation

FAMILY = 4  # successive trials; given to one worker, they find their beginning in its memory
UNIFORM_FAMILIES = 2  # of one choice for all frames, drawn uniformly
FREE = 64  # trials for choices that differ, before more than an eighth begin with one for all
MOST_ALIKE = 64  # trials with one choice for all frames, however long the search
LEAST_ALIKE = 1 / 8  # of the trials of a short search
EIGHTH = 8  # so many families later one has a uniform first member
ELITE = 4  # best results from which a family may descend
RARER = 3  # so many times for each further frame that is changed
MUTANTS, RECOMBINED = 0.5, 0.25  # shares of the ends; the others are drawn uniformly
_STREAM = 8


def first_families(trials: int, shared: bool = False) -> int:
    """Of how many families all members have one choice for all frames, in a search of so many trials.

    With 128 trials 16: in nine of eleven pairs of searches on four T supernets the free search then found at
    least what the search of one choice for all found in as many trials; with 4, in two of seven.
    Where all frames share their choice anyway (`shared`), these families only part mutants of the best from
    what comes later.
    """
    least = LEAST_ALIKE * trials
    alike = least if shared else min(MOST_ALIKE, max(least, trials - FREE))
    return ceil(alike / FAMILY)


@dataclass(frozen=True, slots=True)
class Family:
    """What its members have in common: the first `keep` frames of `parent`."""

    parent: Allocation
    keep: int


class PrefixSampler:
    """Trial n follows from the seed, n and the results so far of trials before its family, and of its first.

    A proposal that `MOST_DRAWS` draws do not bring is uniform.
    """

    def __init__(
        self, feasible: FeasibleAllocations, study: SearchStudy[Allocation], seed: int,
        first_families: int,
    ) -> None:  # fmt: skip
        self.feasible, self.study, self.seed = feasible, study, seed
        self.first_families = first_families
        self.alike = feasible.with_space(replace(feasible.space, shared=True))
        self._scored: list[tuple[int, float, Allocation]] = []  # trial, -1 for another run's; AP
        self._of_trial: dict[int, Allocation] = {}
        self._families: dict[int, Family | None] = {}
        self._known: set[str] = set()

    def propose(self, trial: int) -> Allocation:
        rng = np.random.default_rng([_STREAM, self.seed, trial])
        draws = islice(self._draws(trial, rng), MOST_DRAWS)
        wanted = (each for each in draws if each.key not in self._known and self.feasible.allows(each))
        candidate = next(wanted, None) or self.feasible.sample(rng, self._known)
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

    def _draws(self, trial: int, rng: np.random.Generator) -> Iterator[Allocation]:
        number = trial // FAMILY
        if number < self.first_families:
            yield from self._one_for_all(number, rng)
            return
        if number not in self._families:
            self._families[number] = self._found(number)
        family = self._families[number] or self._of_its_first(number, trial)
        while family is not None:
            yield self._member(family, number, rng)

    def _one_for_all(self, number: int, rng: np.random.Generator) -> Iterator[Allocation]:
        elite = [each for each in self._elite(number) if self.alike.allows(each)]
        try:
            while number < UNIFORM_FAMILIES or not elite:
                yield self.alike.sample(rng)
            while True:
                yield self.alike.mutate(elite[int(rng.integers(len(elite), size=2).min())], rng)
        except ConstraintError:  # none of them keeps the bounds: allocations differ then from the first on
            return

    def _found(self, number: int) -> Family | None:
        """A family of one of the best results; None where its first member is to be drawn uniformly."""
        elite = self._elite(number)
        if number % EIGHTH == EIGHTH - 1 or not elite:
            return None
        rng = np.random.default_rng([_STREAM, self.seed, number, FAMILY])
        parent = elite[int(rng.integers(len(elite), size=2).min())]
        rarities = float(RARER) ** -np.arange(self.feasible.space.drawn)
        changed = 1 + int(rng.choice(len(rarities), p=rarities / rarities.sum()))
        return Family(parent, self.feasible.space.drawn - changed)

    def _of_its_first(self, number: int, trial: int) -> Family | None:
        first = self._of_trial.get(number * FAMILY)
        if trial == number * FAMILY or first is None:
            return None
        return Family(first, self.feasible.space.drawn - 1)

    def _member(self, family: Family, number: int, rng: np.random.Generator) -> Allocation:
        feasible, share, elite = self.feasible, rng.random(), self._elite(number)
        if share < MUTANTS or not elite:
            return feasible.mutate_behind(family.parent, family.keep, rng)
        if share < MUTANTS + RECOMBINED:
            other = elite[int(rng.integers(len(elite)))]
            joined = feasible.joined(family.parent, other, family.keep)
            return feasible.mutate_behind(joined, family.keep, rng)
        return feasible.joined(family.parent, feasible.sample_by_cost(rng), family.keep)

    def _elite(self, number: int) -> list[Allocation]:
        """The best of what was known before the family, best first."""
        before = [each for each in self._scored if each[0] < number * FAMILY]
        ranked = sorted(before, key=lambda each: (-each[1], each[2].key))
        return [candidate for _, _, candidate in ranked[:ELITE]]

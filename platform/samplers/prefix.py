"""Coordinate moves from the end: new allocations that share the first frames of evaluated ones.

An evaluator caches what prefixes of allocations gave, so a candidate costs the frames behind what it
shares. The first trials are a search among allocations with a shared choice, one for all frames, trial for
trial that of Figure 6b's control: there are far fewer of them, so it finds more than a search among all in as
many trials. Then the frames' choices part from the best of these.

Trials come in sibling groups with a shared prefix, taken from one of the best allocations so far: most keep
all frames but the last, a third as many all but two, and so on. Prefixes are renewed by groups whose first
member is drawn uniformly.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import final

import numpy as np

from platform.feasible.allocations import FeasibleAllocations
from platform.samplers.guided import MOST_DRAWS
from platform.samplers.optuna_study import SearchStudy
from platform.samplers.sampler import Observation
from spaces.errors import ConstraintError
from spaces.streams import Stream, generator
from spaces.temporal.allocation import Allocation

GROUP_SIZE = 4  # successive trials; given to one worker, they find their prefix in its cache
UNIFORM_GROUPS = 2  # of a shared choice, drawn uniformly
UNIFORM_EVERY = 8  # of so many groups, one has a uniform first member
ELITE = 4  # best results from which a group may descend
RARER = 3  # so many times for each further frame that is changed
MOST_RANKED = 2_000  # allocations, the best; a group asks for a few of those known before it
MUTANTS, RECOMBINED = 0.5, 0.25  # shares of the ends; the others are drawn uniformly


@final
@dataclass(frozen=True, slots=True)
class SiblingGroup:
    """Candidates with a shared prefix: the first `keep` frames of `parent`."""

    parent: Allocation
    keep: int


@final
class PrefixSampler:
    """Proposes allocations that share a prefix with one of the best so far, in sibling groups.

    Trial n follows from the seed, n and the results so far of trials before its group, and of its first. The
    first `shared_trials`, to whole groups, have a shared choice. A proposal that `MOST_DRAWS`
    draws do not bring is uniform.
    """

    def __init__(
        self, feasible: FeasibleAllocations, study: SearchStudy[Allocation], seed: int, shared_trials: int
    ) -> None:
        self.feasible, self.study, self.seed = feasible, study, seed
        self.first_groups = shared_trials // GROUP_SIZE
        self.shared = feasible.with_space(replace(feasible.space, shared=True))
        self._best = {False: BestFirst(), True: BestFirst()}  # of all, and of those with a shared choice
        self._of_first: dict[int, Allocation] = {}  # by the number of the group
        self._groups: dict[int, SiblingGroup | None] = {}
        self._known: set[str] = set()

    def propose(self, trial: int) -> Allocation:
        rng = generator(Stream.PREFIX_TRIAL, self.seed, trial)
        within = self._within(trial // GROUP_SIZE)
        draws = islice(self._draws(within, trial, rng), MOST_DRAWS)
        wanted = (each for each in draws if each.key not in self._known and within.allows(each))
        candidate = next(wanted, None) or self._uniform(within, rng)
        self._known.add(candidate.key)
        self._note_first(trial, candidate)
        return candidate

    def observe(self, trial: int | None, observation: Observation[Allocation]) -> None:
        candidate, allowed = observation.candidate, self.feasible.allows(observation.candidate)
        self._known.add(candidate.key)
        self.study.tell(observation, allowed)
        if trial is not None:
            self._note_first(trial, candidate)
        if observation.ap is not None and allowed:
            for shared, best in self._best.items():
                if not shared or self.shared.space.contains(candidate):
                    best.add(-1 if trial is None else trial, observation.ap, candidate)

    def notes(self) -> Mapping[str, float]:
        return {}

    def _note_first(self, trial: int, candidate: Allocation) -> None:
        if trial % GROUP_SIZE == 0:
            self._of_first[trial // GROUP_SIZE] = candidate

    def _within(self, number: int) -> FeasibleAllocations:
        return self.shared if number < self.first_groups else self.feasible

    def _uniform(self, within: FeasibleAllocations, rng: np.random.Generator) -> Allocation:
        try:
            return within.sample(rng, self._known)
        except ConstraintError:
            if within is self.feasible:
                raise
            return self.feasible.sample(rng, self._known)  # no further shared choice keeps the bounds

    def _draws(
        self, within: FeasibleAllocations, trial: int, rng: np.random.Generator
    ) -> Iterator[Allocation]:
        number = trial // GROUP_SIZE
        if within.space.shared and number < UNIFORM_GROUPS:
            return
        elite = self._best[within is self.shared].before(number * GROUP_SIZE, ELITE)
        if number not in self._groups:
            self._groups[number] = self._found(within, number, elite)
        group = self._groups[number] or self._of_its_first(within, number, trial)
        while group is not None:
            yield self._member(within, group, elite, rng)

    def _found(
        self, within: FeasibleAllocations, number: int, elite: Sequence[Allocation]
    ) -> SiblingGroup | None:
        """A group of one of the best results; None where its first member is to be drawn uniformly."""
        if number % UNIFORM_EVERY == UNIFORM_EVERY - 1 or not elite:
            return None
        rng = generator(Stream.PREFIX_GROUP, self.seed, number)
        parent = elite[int(rng.integers(len(elite), size=2).min())]
        rarities = float(RARER) ** -np.arange(within.space.drawn)
        changed = 1 + int(rng.choice(len(rarities), p=rarities / rarities.sum()))
        return SiblingGroup(parent, within.space.drawn - changed)

    def _of_its_first(self, within: FeasibleAllocations, number: int, trial: int) -> SiblingGroup | None:
        first = self._of_first.get(number)
        if trial == number * GROUP_SIZE or first is None:
            return None
        return SiblingGroup(first, within.space.drawn - 1)

    def _member(
        self, within: FeasibleAllocations, group: SiblingGroup, elite: Sequence[Allocation],
        rng: np.random.Generator,
    ) -> Allocation:  # fmt: skip
        share = rng.random()
        if share < MUTANTS or not elite:
            return within.mutate_behind(group.parent, group.keep, rng)
        if share < MUTANTS + RECOMBINED:
            other = elite[int(rng.integers(len(elite)))]
            joined = within.joined(group.parent, other, group.keep)
            return within.mutate_behind(joined, group.keep, rng)
        return within.joined(group.parent, within.sample_by_cost(rng), group.keep)


@final
class BestFirst:
    """Scored allocations by AP, equal ones by key."""

    def __init__(self) -> None:
        self._ranked: list[tuple[float, str, int, Allocation]] = []  # -AP, key, trial

    def add(self, trial: int, ap: float, allocation: Allocation) -> None:
        insort(self._ranked, (-ap, allocation.key, trial, allocation), key=lambda each: each[:3])
        del self._ranked[MOST_RANKED:]

    def before(self, trial: int, count: int) -> list[Allocation]:
        """The best `count` of the trials before `trial`, best first; fewer where there are no more."""
        found: list[Allocation] = []
        for _, _, of, allocation in self._ranked:
            if len(found) == count:
                break
            if of < trial:
                found.append(allocation)
        return found

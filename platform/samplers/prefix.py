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
        self._scored: list[tuple[int, float, Allocation]] = []  # trial, -1 for another run's; AP
        self._of_trial: dict[int, Allocation] = {}
        self._groups: dict[int, SiblingGroup | None] = {}
        self._known: set[str] = set()

    def propose(self, trial: int) -> Allocation:
        rng = generator(Stream.PREFIX_TRIAL, self.seed, trial)
        within = self._within(trial // GROUP_SIZE)
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
        elite = self._elite(within, number)
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
        first = self._of_trial.get(number * GROUP_SIZE)
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

    def _elite(self, within: FeasibleAllocations, number: int) -> list[Allocation]:
        """The best of what was known before the group, best first."""
        before = [
            each for each in self._scored if each[0] < number * GROUP_SIZE and within.space.contains(each[2])
        ]
        ranked = sorted(before, key=lambda each: (-each[1], each[2].key))
        return [candidate for _, _, candidate in ranked[:ELITE]]

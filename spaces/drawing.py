"""Drawing what a constraint allows, every one of it equally likely."""

import math
from collections.abc import Set
from functools import cached_property, lru_cache
from itertools import islice
from typing import Any, Generic, Protocol, TypeVar, final, runtime_checkable

import numpy as np
from jaxtyping import Int

from spaces.architecture import Architecture
from spaces.chain import COSTS, Decisions, chain
from spaces.constraint import Constraint, Named
from spaces.cost import Cost
from spaces.counting import Bound, Counts
from spaces.errors import NoneFoundError
from spaces.space import SearchSpace

MOST_TRIES = 20_000
FEWEST_TRIES_EACH = 20
MOST_LISTED = 1 << 15  # so many candidates are listed rather than drawn
GIGA = 1e9


@runtime_checkable
class Keyed(Protocol):
    """What is drawn: a frozen value; equal ones have equal keys."""

    @property
    def key(self) -> str: ...


C = TypeVar("C", bound=Keyed)


def _whole_bounds(constraint: Constraint) -> tuple[Bound, ...]:
    """Bounds in whole MACs and parameters, rounded outwards; none for a cost without."""
    bounds = []
    if constraint.max_gmacs is not None or constraint.min_gmacs is not None:
        least = 0 if constraint.min_gmacs is None else math.floor(constraint.min_gmacs * GIGA)
        most = None if constraint.max_gmacs is None else math.ceil(constraint.max_gmacs * GIGA)
        bounds.append(Bound(COSTS.index("macs"), least, most))
    if constraint.max_params is not None:
        bounds.append(Bound(COSTS.index("params"), 0, constraint.max_params))
    return tuple(bounds)


@final
class Candidates(Generic[C]):
    """What decisions lead to and a constraint allows, to be drawn uniformly."""

    def __init__(self, named: Named, constraint: Constraint, decisions: Decisions[Any, C]) -> None:
        self.named, self.constraint, self.decisions = named, constraint, decisions
        self.counts = Counts(decisions, _whole_bounds(constraint))

    @cached_property
    def listed(self) -> Int[np.ndarray, "N D"] | None:
        """The paths of every one of them where they are few enough to be listed, otherwise None."""
        return self._allowed(self.counts.paths()) if self.counts.total <= MOST_LISTED else None

    def draw(self, rng: np.random.Generator, count: int) -> list[C]:
        """`count` of them, each equally likely, but for draws that fell just outside the constraint."""
        return list(map(self.decisions.read, self._allowed(self.counts.draw(rng, count))))

    def _allowed(self, paths: Int[np.ndarray, "N D"]) -> Int[np.ndarray, "allowed D"]:
        costs = (Cost(params, macs) for macs, params in self.decisions.costs(paths).tolist())
        return paths[np.fromiter(map(self.constraint.allows, costs), dtype=bool, count=len(paths))]

    def none_left(self, known: int) -> NoneFoundError:
        """The error where all that are allowed, a listed number, are known already."""
        tried = f"all {self.counts.total:,.0f} whose cost comes near were tried"
        count = 0 if self.listed is None else len(self.listed)
        if not count:
            return self._too_narrow(f"no {self.named.one} has", f"; {tried}")
        all_known = f" are among the {known:,} known already"
        return self._too_narrow(f"all {count:,} {self.named.many} that have", all_known, fewer=True)

    def not_found(self, tries: int, found: int, known: int) -> NoneFoundError:
        """The error where a bounded number of draws brought too little."""
        drawn = f" among {tries:,} drawn ({known:,} were known before)"
        return self._too_narrow(f"only {found:,} new {self.named.many} with", drawn, fewer=True)

    def _too_narrow(self, sought: str, found: str, *, fewer: bool = False) -> NoneFoundError:
        return NoneFoundError(
            sought, str(self.constraint), found, "Widen", self.constraint.fields_set(), fewer
        )


def check_not_empty(space: SearchSpace, constraint: Constraint) -> None:
    """Raises NoneFoundError where the cost of its smallest or biggest shows that nothing is allowed."""
    constraint.check_ends(_named(space), space.cost(space.smallest()), space.cost(space.biggest()))


@lru_cache(maxsize=4)
def candidates(space: SearchSpace, constraint: Constraint) -> Candidates[Architecture]:
    """What sampling draws from, worked out once for a constraint; ConstraintError where it cannot hold."""
    check_not_empty(space, constraint)
    return Candidates(_named(space), constraint, chain(space))


def _named(space: SearchSpace) -> Named:
    return Named(f"architecture of space {space.name!r}", f"architectures of space {space.name!r}")


def sample_under(
    space: SearchSpace,
    constraint: Constraint,
    rng: np.random.Generator,
    seen: Set[str] = frozenset(),
) -> Architecture:
    """One architecture, uniform over all that the constraint allows and whose keys are not in `seen`.

    Raises ConstraintError with the count tried when there is none, or none turns up.
    """
    return draw_unseen(candidates(space, constraint), 1, rng, seen)[0]


def sample_many(
    space: SearchSpace, constraint: Constraint, count: int, rng: np.random.Generator
) -> list[Architecture]:
    """`count` distinct architectures, every set of them equally likely; all there are where they are fewer.

    Raises ConstraintError with the count tried where there is none at all, or too few turn up.
    """
    return draw_unseen(candidates(space, constraint), count, rng, frozenset())


def draw_unseen(open_ones: Candidates[C], count: int, rng: np.random.Generator, seen: Set[str]) -> list[C]:
    """Up to `count` whose keys are not in `seen`, fewer only where there are no more; at least one.

    Raises ConstraintError with the count tried.
    """
    if open_ones.listed is not None:
        order = rng.permutation(len(open_ones.listed))
        shuffled = (open_ones.decisions.read(open_ones.listed[index]) for index in order)
        unseen = list(islice((each for each in shuffled if each.key not in seen), count))
        if not unseen:
            raise open_ones.none_left(len(seen))
        return unseen
    found: dict[str, C] = {}
    tries = 0
    while len(found) < count:
        if tries >= max(MOST_TRIES, FEWEST_TRIES_EACH * count):
            raise open_ones.not_found(tries, len(found), len(seen))
        batch = max(count - len(found), tries)
        drawn = open_ones.draw(rng, batch)
        found |= {each.key: each for each in drawn if each.key not in seen}
        tries += batch
    return list(found.values())[:count]

"""Which architectures a search may propose, decided from closed-form cost alone, and drawing them evenly."""

import math
from collections.abc import Callable, Set
from dataclasses import dataclass, fields
from functools import cached_property, lru_cache
from itertools import islice
from typing import Annotated, Any, Generic, Protocol, TypeVar, final, runtime_checkable

import numpy as np
from annotated_types import Ge
from jaxtyping import Int

from spaces.architecture import Architecture
from spaces.bounds import check_bounds
from spaces.chain import COSTS, Decisions, chain
from spaces.cost import Cost
from spaces.counting import Bound, Counts
from spaces.errors import ConstraintError, NoneFoundError
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


@runtime_checkable
class CostFigures(Protocol):
    """A cost, or an average of some."""

    @property
    def gmacs(self) -> float: ...

    @property
    def params(self) -> float: ...


@final
@dataclass(frozen=True, slots=True)
class Named:
    """How errors name what is drawn: one of it, and many."""

    one: str
    many: str


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Constraint:
    """Bounds on cost, both ends allowed; None does not bound."""

    max_gmacs: Annotated[float, Ge(0)] | None = None
    min_gmacs: Annotated[float, Ge(0)] | None = None
    max_params: Annotated[int, Ge(0)] | None = None

    def allows(self, cost: Cost) -> bool:
        return (
            (self.max_gmacs is None or cost.gmacs <= self.max_gmacs)
            and (self.min_gmacs is None or cost.gmacs >= self.min_gmacs)
            and (self.max_params is None or cost.params <= self.max_params)
        )

    def check(self, space: SearchSpace) -> None:
        """Raises NoneFoundError where the space's smallest or biggest architecture shows it to be empty."""
        self.check_ends(_named(space), space.cost(space.smallest()), space.cost(space.biggest()))

    def check_ends(self, named: Named, least: CostFigures, most: CostFigures, per: str = "") -> None:
        """Raises NoneFoundError where nothing between the costs `least` and `most` satisfies it.

        `per` is said behind a bound, as " on average". Raises BoundError where a bound is no cost.
        """
        check_bounds(self)
        self._check_order()
        no_one = f"no {named.one} has"
        if self.max_gmacs is not None and least.gmacs > self.max_gmacs:
            bound, has = f"at most {self.max_gmacs:g} GMACs", _four_digits(least.gmacs, math.ceil)
            raise NoneFoundError(no_one, bound + per, f"; its smallest has {has}", "Raise", ("max_gmacs",))
        if self.max_params is not None and least.params > self.max_params:
            bound, has = f"at most {self.max_params:,} parameters", f"{math.ceil(least.params):,}"
            raise NoneFoundError(no_one, bound + per, f"; its smallest has {has}", "Raise", ("max_params",))
        if self.min_gmacs is not None and most.gmacs < self.min_gmacs:
            bound, has = f"at least {self.min_gmacs:g} GMACs", _four_digits(most.gmacs, math.floor)
            raise NoneFoundError(no_one, bound + per, f"; its biggest has {has}", "Lower", ("min_gmacs",))

    def _check_order(self) -> None:
        if self.min_gmacs is not None and self.max_gmacs is not None and self.min_gmacs > self.max_gmacs:
            raise ConstraintError(
                f"min_gmacs must be at most max_gmacs, but they are {self.min_gmacs:g} and "
                f"{self.max_gmacs:g}. Lower the first or raise the second."
            )

    def bounds(self) -> tuple[Bound, ...]:
        """The bounds in whole MACs and parameters, rounded outwards; none for a cost without."""
        bounds = []
        if self.max_gmacs is not None or self.min_gmacs is not None:
            least = 0 if self.min_gmacs is None else math.floor(self.min_gmacs * GIGA)
            most = None if self.max_gmacs is None else math.ceil(self.max_gmacs * GIGA)
            bounds.append(Bound(COSTS.index("macs"), least, most))
        if self.max_params is not None:
            bounds.append(Bound(COSTS.index("params"), 0, self.max_params))
        return tuple(bounds)

    def fields_set(self) -> list[str]:
        """The names of the bounds that bound."""
        return [field.name for field in fields(self) if getattr(self, field.name) is not None]

    def __str__(self) -> str:
        gmacs = (("at least", self.min_gmacs), ("at most", self.max_gmacs))
        words = [f"{how} {value:g} GMACs" for how, value in gmacs if value is not None]
        if self.max_params is not None:
            words.append(f"at most {self.max_params:,} parameters")
        return " and ".join(words) or "any cost"


def _four_digits(value: float, towards: Callable[[float], int]) -> str:
    """Rounded to where a bound of just this number leaves something."""
    scale = 10.0 ** (3 - math.floor(math.log10(value)))
    return f"{towards(value * scale) / scale:.4g}"


@final
class Candidates(Generic[C]):
    """What decisions lead to and a constraint allows, to be drawn uniformly."""

    def __init__(self, named: Named, constraint: Constraint, decisions: Decisions[Any, C]) -> None:
        self.named, self.constraint, self.decisions = named, constraint, decisions
        self.counts = Counts(decisions, constraint.bounds())

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


@lru_cache(maxsize=4)
def candidates(space: SearchSpace, constraint: Constraint) -> Candidates[Architecture]:
    """What sampling draws from, worked out once for a constraint; ConstraintError where it cannot hold."""
    constraint.check(space)
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

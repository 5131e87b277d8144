"""Bounds on closed-form cost, which alone decide what a search may propose; no network is needed for them."""

import math
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Annotated, Protocol, final, runtime_checkable

from annotated_types import Ge

from spaces.bounds import check_bounds
from spaces.cost import Cost
from spaces.errors import ConstraintError, NoneFoundError


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

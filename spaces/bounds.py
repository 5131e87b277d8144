"""Bounds on numbers, said where a field is declared (`epochs: Annotated[int, Ge(1)] = 250`) and read here.

They are annotated-types' Ge, Gt, Le, Lt and Interval. No number may be infinite or NaN, whatever its bounds.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from functools import lru_cache
from typing import Annotated, Any, final, get_args, get_origin, get_type_hints

from annotated_types import Ge, GroupedMetadata, Gt, Le, Lt

from spaces.errors import BoundError


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class NumberRange:
    """The finite numbers that a field takes; str() continues a sentence that ends with "must be"."""

    whole: bool
    low: float | None = None
    high: float | None = None
    low_open: bool = False  # the lower end itself is not in it
    high_open: bool = False

    def holds(self, number: float) -> bool:
        return math.isfinite(number) and self._above(number) and self._below(number)

    def __str__(self) -> str:
        if self.low is not None and self.high is not None:
            return self._between(self.low, self.high)
        finite = "" if self.whole else "a finite number "
        of = "of " if finite else ""
        if self.low is not None:
            return finite + (f"above {self.low:,}" if self.low_open else f"{of}at least {self.low:,}")
        if self.high is not None:
            return finite + (f"below {self.high:,}" if self.high_open else f"{of}at most {self.high:,}")
        return "a whole number" if self.whole else "a finite number"

    def _between(self, low: float, high: float) -> str:
        share = "" if self.whole or (low, high) != (0, 1) else "a share "
        if self.low_open or self.high_open:
            return f"{share}in {'[('[self.low_open]}{low:,}, {high:,}{'])'[self.high_open]}"
        return f"{share}from {low:,} to {high:,}"

    def _above(self, number: float) -> bool:
        return self.low is None or (number > self.low if self.low_open else number >= self.low)

    def _below(self, number: float) -> bool:
        return self.high is None or (number < self.high if self.high_open else number <= self.high)


def check_bounds(value: Any) -> None:
    """Raises BoundError for the first field of a dataclass that has a number its type does not allow."""
    for name, allowed, found in out_of_bounds(value):
        raise BoundError(type(value).__name__, name, str(allowed), found)


def out_of_bounds(value: Any) -> Iterator[tuple[str, NumberRange, Any]]:
    """Fields of a dataclass that have a number their type does not allow: name, what it takes, what it is."""
    kind: type = type(value)
    for name, allowed in ranges(kind).items():
        found = getattr(value, name)
        if not all(map(allowed.holds, _numbers(found))):
            yield name, allowed, found


@lru_cache(maxsize=64)
def ranges(kind: type) -> Mapping[str, NumberRange]:
    """What each field of a dataclass takes that has a number or several, alone or beside other things."""
    hints = get_type_hints(kind, include_extras=True)
    found = ((field.name, _range(hints[field.name])) for field in fields(kind))
    return {name: allowed for name, allowed in found if allowed is not None}


def _range(hint: Any) -> NumberRange | None:
    """The first number's within a type, be it optional, in a tuple or an alternative to a word."""
    if hint is int or hint is float:
        return NumberRange(whole=hint is int)
    if get_origin(hint) is not Annotated:
        return next((found for each in get_args(hint) if (found := _range(each))), None)
    kind, *metadata = get_args(hint)
    if kind is not int and kind is not float:
        return _range(kind)
    return NumberRange(whole=kind is int, **dict(_ends(metadata)))


def _ends(metadata: Iterable[Any]) -> Iterator[tuple[str, Any]]:
    for each in metadata:
        match each:
            case Ge():
                yield "low", each.ge
            case Gt():
                yield from (("low", each.gt), ("low_open", True))
            case Le():
                yield "high", each.le
            case Lt():
                yield from (("high", each.lt), ("high_open", True))
            case GroupedMetadata():
                yield from _ends(each)


def _numbers(value: Any) -> Iterator[float]:
    for each in value if isinstance(value, tuple) else (value,):
        if isinstance(each, int | float) and not isinstance(each, bool):
            yield each

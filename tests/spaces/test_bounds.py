from __future__ import annotations

import math
import pickle
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import pytest
from annotated_types import Ge, Gt, Interval, Le, Lt

from spaces.bounds import check_bounds, ranges
from spaces.errors import BoundError


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbers:
    count: Annotated[int, Ge(1)] = 1
    size: Annotated[int, Interval(ge=96, le=4_096)] = 96
    rate: Annotated[float, Gt(0)] | None = None
    weight: Annotated[float, Ge(0)] = 0
    share: Annotated[float, Interval(ge=0, le=1)] = 0
    kept: Annotated[float, Interval(gt=0, le=1)] = 1
    degrees: Annotated[float, Interval(ge=-1, le=1)] = 0
    most: Annotated[float, Le(3)] = 3
    below: Annotated[int, Lt(3)] = 2
    drops: tuple[Annotated[int, Ge(0)], ...] = ()
    slots: Annotated[int, Ge(1)] | Literal["auto"] = "auto"
    free: float = 0
    flag: bool = True
    name: str = ""


@pytest.mark.parametrize(
    ("field", "value", "must"),
    [
        ("count", 0, "at least 1"),
        ("size", 95, "from 96 to 4,096"),
        ("size", 4097, "from 96 to 4,096"),
        ("rate", 0.0, "a finite number above 0"),
        ("weight", -1, "a finite number of at least 0"),
        ("share", 1.5, "a share from 0 to 1"),
        ("kept", 0, "a share in (0, 1]"),
        ("degrees", 2.0, "from -1 to 1"),
        ("most", 4, "a finite number of at most 3"),
        ("below", 3, "below 3"),
        ("drops", (3, -1), "at least 0"),
        ("slots", 0, "at least 1"),
        ("free", math.inf, "a finite number"),
        *((name, math.nan, must) for name, must in (
            ("rate", "a finite number above 0"), ("weight", "a finite number of at least 0"),
            ("share", "a share from 0 to 1"), ("most", "a finite number of at most 3"),
            ("free", "a finite number"),
        )),
    ],
)  # fmt: skip
def test_a_number_out_of_its_bounds_is_said_with_what_it_must_be(field: str, value: Any, must: str) -> None:
    with pytest.raises(BoundError) as refused:
        check_bounds(Numbers(**{field: value}))
    assert str(refused.value) == f"Numbers.{field} must be {must}, but it is {value}"


def test_both_closed_ends_and_what_is_no_number_are_allowed() -> None:
    check_bounds(Numbers())
    check_bounds(Numbers(size=4_096, share=1, kept=1e-9, degrees=-1, drops=(0, 9), slots=3, rate=1e-9))
    assert ranges(Numbers).keys() == Numbers.__dataclass_fields__.keys() - {"flag", "name"}


def test_the_error_survives_pickling() -> None:
    error = BoundError("Numbers", "count", "at least 1", 0)
    again = pickle.loads(pickle.dumps(error))
    assert str(again) == str(error) == "Numbers.count must be at least 1, but it is 0"
    assert (again.owner, again.field, again.found) == ("Numbers", "count", 0)

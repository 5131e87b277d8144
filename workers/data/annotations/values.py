"""Values as JSON has them turned into columns, at once where all are as they should be, else one by one.

Null is NaN and a number that no float holds is infinite; booleans, text and lists are no numbers. An id is a
whole number, also where it is written as text ("1") or as 1.0.
"""

# Shapes: N records, C numbers of each.
from __future__ import annotations

import math
import re
import reprlib
from collections.abc import Sequence
from itertools import chain
from typing import Any

import numpy as np

BEYOND_PX = 1e7  # no coordinate or side of a picture is as large; a square of it is still exact
_NUMBERS = {int, float}
_TEXT = re.compile(r"-?[0-9]{1,19}", re.ASCII)
_INT64 = np.iinfo(np.int64)


def shown(value: Any) -> str:
    """A foreign value as short text of one line."""
    return reprlib.repr(value)


def whole_number(value: Any) -> int | None:
    """The whole number that a value is or, as text, writes; None where it is none or beyond 64 bits."""
    text = isinstance(value, str) and _TEXT.fullmatch(value)
    if text or (isinstance(value, float) and value.is_integer()):
        value = int(value)
    right = isinstance(value, int) and not isinstance(value, bool) and _INT64.min <= value <= _INT64.max
    return value if right else None


def whole_numbers(values: Sequence[Any]) -> tuple[np.ndarray, np.ndarray]:
    """(N,) int64, and (N,) bool which of the values are such numbers; 0 stands for the others."""
    if set(map(type, values)) <= {int}:
        try:
            return np.array(values, np.int64), np.ones(len(values), bool)
        except OverflowError:
            pass
    found = [whole_number(value) for value in values]
    return (
        np.array([number or 0 for number in found], np.int64),
        np.array([number is not None for number in found], bool),
    )


def rows_of_numbers(values: Sequence[Any], count: int) -> tuple[np.ndarray, np.ndarray]:
    """(N, C) float64 of lists of numbers, and (N,) bool which of them are such lists; NaN for the others."""
    if set(map(type, values)) <= {list} and set(map(len, values)) <= {count}:
        flat = list(chain.from_iterable(values))
        if set(map(type, flat)) <= _NUMBERS:
            try:
                return np.array(flat, np.float64).reshape(-1, count), np.ones(len(values), bool)
            except OverflowError:
                pass
    rows = [_row(value, count) for value in values]
    nothing = [math.nan] * count
    return (
        np.array([row or nothing for row in rows], np.float64).reshape(-1, count),
        np.array([row is not None for row in rows], bool),
    )


def numbers(values: Sequence[Any]) -> tuple[np.ndarray, np.ndarray]:
    """(N,) float64, and (N,) bool which of the values are numbers or null; NaN for the others."""
    rows, right = rows_of_numbers([[value] for value in values], 1)
    return rows[:, 0], right


def _row(value: Any, count: int) -> list[float] | None:
    if not isinstance(value, list) or len(value) != count:
        return None
    row = [_number(each) for each in value]
    return None if None in row else row  # type: ignore[return-value]


def _number(value: Any) -> float | None:
    if value is None:
        return math.nan
    if type(value) not in _NUMBERS:
        return None
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf

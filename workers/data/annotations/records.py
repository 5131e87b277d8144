"""The records of one list of a file, asked for columns; what a field must not be is refused by its record."""

# Shapes: N records, C numbers of each.
from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NoReturn, final

import numpy as np

from workers.data.annotations.opening import REPAIR, Json, Source
from workers.data.annotations.values import numbers, rows_of_numbers, shown, whole_numbers
from workers.errors import DataError

BEYOND_PX = 1e7  # no coordinate or side of a picture is as large; a square of it is still exact
RECORD = "{record}"  # in a message: where the record's name goes
TEXT_IDS = "whole numbers that are written as text"


@final
@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Records:
    """Records of one kind, and where they lie."""

    place: Source
    kind: str  # as a person calls one: annotation, image
    rows: Sequence[Json]
    numbers_from: np.ndarray  # (N,) places in the file's list, counted from 0
    repair: str = REPAIR
    notes: Counter[str] = field(default_factory=Counter)  # what was read otherwise than it is written

    def __len__(self) -> int:
        return len(self.rows)

    def take(self, rows: np.ndarray) -> Records:
        """Those of the row numbers (M,)."""
        some = [self.rows[row] for row in rows.tolist()]
        return replace(self, rows=some, numbers_from=self.numbers_from[rows])

    def name(self, row: int) -> str:
        """How a person finds a record: by its id, or by its place where it has none."""
        number = self.rows[row].get("id")
        if number is None:
            return f"{self.kind} {self.numbers_from[row]} (counted from 0)"
        return f"{self.kind} {number if type(number) is int else shown(number)}"

    def refuse(self, row: int, what: str) -> NoReturn:
        """Raises DataError; `what` has RECORD where the record's name goes."""
        raise DataError(f"{self.place}: {what.replace(RECORD, self.name(row), 1)}. {self.repair}")

    def refuse_first(self, wrong: np.ndarray, what: str, key: str | None = None) -> None:
        """`refuse` for the first record of the mask (N,), if any, with the value that its field has."""
        if wrong.any():
            row = int(wrong.argmax())
            value = "" if key is None else f", but is {shown(self.rows[row].get(key))}"
            self.refuse(row, what + value)

    def column(self, key: str) -> list[Any]:
        """The raw values of a field; None where a record has none."""
        return [row.get(key) for row in self.rows]

    def need(self, key: str) -> list[Any]:
        """The raw values of a field that none may lack. Raises DataError."""
        values = self.column(key)
        if None in values:
            self._refuse_missing(key, values.index(None))
        return values

    def whole(self, key: str) -> np.ndarray:
        """(N,) int64 of a field that must be a whole number. Raises DataError."""
        values = self.need(key)
        found, right = whole_numbers(values)
        self.refuse_first(~right, f"{key!r} of {{record}} must be a whole number", key)
        texts = sum(type(value) is str for value in values)
        if texts:
            self.notes[TEXT_IDS] += texts
        return found

    def unique(self, key: str) -> np.ndarray:
        """`whole`, and no two alike. Raises DataError."""
        found = self.whole(key)
        _, firsts = np.unique(found, return_index=True)
        if len(firsts) < len(found):
            again = np.ones(len(found), bool)
            again[firsts] = False
            self.refuse_first(again, f"{{record}} is there twice: each must have its own {key!r}")
        return found

    def rows_of(self, key: str, count: int) -> tuple[np.ndarray, np.ndarray]:
        """(N, C) float64 of a field with a list of numbers, and (N,) bool who has it: not absent, null or [].

        Null in a list is NaN; who lacks the list has NaN. Raises DataError where it is anything else.
        """
        values = self.column(key)
        there = np.array([value is not None and value != [] for value in values], bool)
        found = np.full((len(values), count), np.nan)
        if there.all():
            found, right = rows_of_numbers(values, count)
        else:
            some, some_right = rows_of_numbers([value for value in values if value not in (None, [])], count)
            right = np.ones(len(values), bool)
            found[there], right[there] = some, some_right
        self.refuse_first(~right, f"{key!r} of {{record}} must be {count} numbers", key)
        return found, there

    def finite_rows(self, key: str, count: int) -> tuple[np.ndarray, np.ndarray]:
        """`rows_of` whose numbers, px, are finite and below 10^7; zeros for who lacks them."""
        found, there = self.rows_of(key, count)
        wrong = there & ~(np.abs(found) <= BEYOND_PX).all(axis=1)
        self.refuse_first(wrong, f"{key!r} of {{record}} must be {count} finite numbers below 10^7", key)
        return np.where(there[:, None], found, 0.0), there

    def finite(self, key: str) -> np.ndarray:
        """(N,) float64 of a field that must be a finite number. Raises DataError."""
        found, right = numbers(self.need(key))
        wrong = ~(right & np.isfinite(found))
        self.refuse_first(wrong, f"{key!r} of {{record}} must be a finite number", key)
        return found

    def flag(self, key: str) -> np.ndarray:
        """(N,) bool of a field that is 0, 1, false or true; absent and null are false. Raises DataError."""
        values = self.column(key)
        wrong = [not (value is None or (isinstance(value, int | float) and value in (0, 1)))
                 for value in values]  # fmt: skip
        self.refuse_first(np.array(wrong, bool), f"{key!r} of {{record}} must be 0 or 1", key)
        return np.array([value == 1 for value in values], bool)

    def texts(self, key: str, usable: Callable[[str], bool] = bool) -> list[str]:
        """The values of a field that must be text, not empty. Raises DataError."""
        values = self.need(key)
        wrong = [not (isinstance(value, str) and usable(value)) for value in values]
        self.refuse_first(np.array(wrong, bool), f"{key!r} of {{record}} must be text", key)
        return values

    def _refuse_missing(self, key: str, row: int) -> NoReturn:
        self.refuse(row, f"{{record}} has no {key!r}")


def listed(place: Source, content: Json, key: str, kind: str, repair: str = REPAIR) -> Records:
    """The records of `content[key]`. Raises DataError where that is no list of objects."""
    if key not in content:
        raise DataError(f"{place}: the file has no {key!r}. {repair}")
    return records_of(place, content[key], repr(key), kind, repair)


def records_of(place: Source, rows: Any, what: str, kind: str, repair: str = REPAIR) -> Records:
    """A list of objects as records. Raises DataError, calling it `what`, where it is none."""
    if not (isinstance(rows, list) and set(map(type, rows)) <= {dict}):
        raise DataError(f"{place}: {what} must be a list of objects. {repair}")
    return Records(place=place, kind=kind, rows=rows, numbers_from=np.arange(len(rows)), repair=repair)

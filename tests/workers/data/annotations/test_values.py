from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from workers.data.annotations.values import numbers, rows_of_numbers, shown, whole_number, whole_numbers

BEYOND = 10**400


@pytest.mark.parametrize(
    ("value", "number"),
    [(5, 5), (-5, -5), ("5", 5), ("007", 7), (5.0, 5), (2**63 - 1, 2**63 - 1), (2**63, None), (BEYOND, None),
     (5.5, None), (math.nan, None), (math.inf, None), (True, None), (None, None), ("", None), ("5.0", None),
     ("five", None), ("\u0665", None), ([5], None), ({}, None)],
)  # fmt: skip
def test_an_id_is_a_whole_number_as_number_or_text(value: Any, number: int | None) -> None:
    assert whole_number(value) == number
    found, right = whole_numbers([1, value])
    assert (found.tolist(), right.tolist()) == ([1, number or 0], [True, number is not None])


def test_rows_are_the_same_numbers_at_once_and_one_by_one() -> None:
    rows = np.random.default_rng(0).normal(0, 1e3, (20, 4)).tolist()
    at_once, _ = rows_of_numbers(rows, 4)
    one_by_one, right = rows_of_numbers([*rows, None], 4)
    assert np.array_equal(at_once, rows)
    assert np.array_equal(one_by_one[:-1], rows)
    assert right.tolist() == [True] * 20 + [False]


def test_null_is_not_a_number_and_what_no_float_holds_is_infinite() -> None:
    found, right = numbers([1, None, BEYOND, -BEYOND, math.nan, True, "1", [1], 2.5])
    assert np.array_equal(found[:5], [1, math.nan, math.inf, -math.inf, math.nan], equal_nan=True)
    assert right.tolist() == [True] * 5 + [False] * 3 + [True]


def test_lists_of_other_lengths_and_kinds_are_no_rows() -> None:
    values = [[1, 2], [1], [1, 2, 3], "12", {"a": 1, "b": 2}, [1, "2"], [1, True], [[1], [2]], [None, 2]]
    _, right = rows_of_numbers(values, 2)
    assert np.flatnonzero(right).tolist() == [0, 8]


def test_a_foreign_value_is_shown_short_and_in_one_line() -> None:
    assert shown("a\nb") == r"'a\nb'"
    assert len(shown(list(range(10_000)))) < 100
    assert len(shown(BEYOND)) < 100

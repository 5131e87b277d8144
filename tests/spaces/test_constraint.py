"""What a bound on cost allows, and how it is said."""

from __future__ import annotations

import pytest

from spaces.constraint import Constraint
from spaces.cost import Cost


def test_both_ends_of_a_bound_are_allowed() -> None:
    constraint = Constraint(min_gmacs=1.0, max_gmacs=2.0, max_params=10)
    assert constraint.allows(Cost(10, 1_000_000_000))
    assert constraint.allows(Cost(10, 1_500_000_000, 500_000_000))
    assert not constraint.allows(Cost(11, 1_500_000_000))
    assert not constraint.allows(Cost(10, 999_999_999))
    assert not constraint.allows(Cost(10, 1_500_000_000, 500_000_001))
    assert Constraint().allows(Cost(10**12, 10**15))


@pytest.mark.parametrize(
    ("constraint", "words"),
    [
        (Constraint(), "any cost"),
        (Constraint(min_gmacs=0.3, max_gmacs=0.5), "at least 0.3 GMACs and at most 0.5 GMACs"),
        (Constraint(max_params=2_000_000), "at most 2,000,000 parameters"),
    ],
)
def test_a_constraint_says_itself_in_words(constraint: Constraint, words: str) -> None:
    assert str(constraint) == words

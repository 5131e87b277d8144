"""What a person may have meant."""

from __future__ import annotations

import pytest

from platform.config.arguments import read_arguments
from platform.terminal.errors import UsageError
from platform.terminal.suggestions import likeness, unknown


def test_the_nearest_word_is_asked_for_and_all_are_listed() -> None:
    assert (
        unknown("colour", "gren", ["red", "green"])
        == "no colour 'gren'; green? The known ones are: red, green"
    )


def test_where_no_word_is_near_none_is_asked_for() -> None:
    assert unknown("colour", "7", ["red", "green"]) == "no colour '7'; the known ones are: red, green"


def test_words_are_like_each_other_by_their_letters_in_order() -> None:
    assert likeness("epochs", "epochs") == 1
    assert likeness("epoch", "epochs") > likeness("epoch", "drop-epochs") > likeness("epoch", "width")


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("--train.epoch", "--train.epochs"), ("--search.trial", "--search.trials"), ("--nam", "--name"),
     ("--train.epoch=1", "--train.epochs"),
     ("--temporal.epoch", "--temporal.epochs"), ("--search.max-gmac", "--search.max-gmacs")],
)  # fmt: skip
def test_a_mistyped_field_is_answered_with_that_field_first(typed: str, meant: str) -> None:
    with pytest.raises(UsageError) as refused:
        read_arguments(["smoke", typed, "3"])

    assert str(refused.value).partition("Perhaps you meant: ")[2].split()[0] == meant


def test_each_of_two_mistyped_fields_has_its_own_first() -> None:
    with pytest.raises(UsageError) as refused:
        read_arguments(["smoke", "--train.epoch", "3", "--search.trial", "4"])

    _, *similar = str(refused.value).split("Arguments similar to ")
    assert sorted(" ".join(part.split()[:2]) for part in similar) == [
        "--search.trial: --search.trials", "--train.epoch: --train.epochs",
    ]  # fmt: skip

"""The command line: one clear line for what a person can mend, exit code 2, no traceback."""

from __future__ import annotations

import os
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from io import BytesIO, TextIOWrapper
from pathlib import Path
from typing import Literal

import pytest

from analysis.errors import AnalysisError
from platform.terminal.command_line import parse, run
from platform.terminal.errors import UsageError
from spaces.errors import ConstraintError


@dataclass(frozen=True)
class Training:
    learning_rate: float = 1e-3
    """Adam's step size."""


@dataclass(frozen=True)
class Arguments:
    """Trains a network."""

    out: Path
    """Folder to write to."""
    epochs: int = 3
    device: Literal["cpu", "cuda"] = "cpu"
    training: Training = field(default_factory=Training)

    def __post_init__(self) -> None:
        if self.epochs < 1:
            raise ValueError(f"epochs must be at least 1, but it is {self.epochs}")


@dataclass(frozen=True)
class Finished:
    """Every field has a default."""

    epochs: int = 3
    width: int = 16


@dataclass(frozen=True)
class Tracked:
    """Names a server."""

    tracking_uri: str = "http://me:planted@host"


def read(*args: str) -> Arguments:
    return parse(Arguments, args, prog="train")


def refusal(*args: str) -> str:
    with pytest.raises(UsageError) as refused:
        read(*args)
    return str(refused.value)


def test_arguments_become_a_dataclass() -> None:
    arguments = read("--out", "runs", "--training.learning-rate", "0.1")

    assert arguments == Arguments(Path.cwd() / "runs", training=Training(0.1))


def test_fields_not_given_come_from_the_default() -> None:
    assert parse(Finished, ["--width", "8"], default=Finished(epochs=9), prog="train") == Finished(9, 8)


def test_an_unknown_flag_names_the_similar_one_and_what_it_takes() -> None:
    assert refusal("--out", "runs", "--training.learning-rat", "1") == (
        "Unrecognized options: --training.learning-rat, 1. "
        "Perhaps you meant: --training.learning-rate FLOAT Adam's step size. (default: 0.001). "
        "For full helptext, run train --help"
    )


def test_a_wrong_type_names_the_flag_and_the_value() -> None:
    said = refusal("--out", "runs", "--epochs", "many")

    assert said.startswith("Error parsing --epochs: invalid literal for int() with base 10: 'many'.")
    assert "--epochs INT (default: 3)" in said


def test_an_unknown_choice_lists_the_choices() -> None:
    assert refusal("--out", "runs", "--device", "abacus").startswith(
        "invalid choice 'abacus' for argument '--device'. Expected one of ('cpu', 'cuda')."
    )


def test_a_missing_flag_is_named_with_its_meaning() -> None:
    assert refusal().startswith("Missing from train: --out PATH Folder to write to. (required).")


def test_a_value_that_the_dataclass_refuses_is_told_in_its_words() -> None:
    assert "epochs must be at least 1, but it is 0." in refusal("--out", "runs", "--epochs", "0")


def test_refusing_leaves_the_terminal_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    refusal("--epoch", "1")
    assert os.environ["COLUMNS"] == "60"

    monkeypatch.delenv("COLUMNS")
    refusal("--epoch", "1")
    assert "COLUMNS" not in os.environ


def test_help_is_printed_and_ends_well(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        parse(Arguments, ["--help"], prog="train", description="How to train.")

    assert ended.value.code == 0
    out, err = capsys.readouterr()
    assert "How to train." in out
    assert "Folder to write to." in out
    assert not err


def test_help_shows_values_without_passwords_and_else_they_stay(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse(Tracked, ["--help"], default=Tracked(), prog="train")
    out = capsys.readouterr().out
    assert "http://me:***@host" in out
    assert "planted" not in out
    assert parse(Tracked, [], default=Tracked(), prog="train") == Tracked()


@pytest.mark.parametrize("error", [ConstraintError, AnalysisError, UsageError])
def test_an_error_that_a_person_can_mend_is_one_line_and_exit_code_2(
    error: type[Exception], capsys: pytest.CaptureFixture[str]
) -> None:
    def main(argv: list[str]) -> int:
        raise error("nothing\n  fits. Raise --max-gmacs.")

    assert run(main, []) == 2
    out, err = capsys.readouterr()
    assert err == "error: nothing fits. Raise --max-gmacs.\n"
    assert not out


def test_the_exit_code_of_a_command_is_its_own() -> None:
    assert run(len, ["a", "b", "c"]) == 3


def test_a_mistake_of_ours_is_its_traceback_without_passwords(capsys: pytest.CaptureFixture[str]) -> None:
    def main(argv: list[str]) -> int:
        raise ZeroDivisionError("at http://me:planted@host")

    assert run(main, []) == 1
    told = capsys.readouterr().err
    assert told.startswith("Traceback (most recent call last)")
    assert told.endswith("ZeroDivisionError: at http://me:***@host\n")


def test_ctrl_c_is_one_line_and_the_exit_code_of_an_interrupt(capsys: pytest.CaptureFixture[str]) -> None:
    def interrupted(_: list[str]) -> int:
        raise KeyboardInterrupt

    assert run(interrupted, []) == 130
    assert capsys.readouterr().err == "stopped; the same command again continues\n"


def test_a_help_flag_with_a_value_is_refused_and_prints_no_help(capsys: pytest.CaptureFixture[str]) -> None:
    said = "Unrecognized options: --help=1. For full helptext, run train --help"
    assert refusal("--out", "runs", "--help=1") == said
    assert capsys.readouterr().out == ""


def test_a_terminal_without_box_letters_is_told_the_same_in_one_line() -> None:
    with redirect_stdout(TextIOWrapper(BytesIO(), encoding="ascii")):
        plain = refusal("--out", "runs", "--epochs", "many")
    assert plain == refusal("--out", "runs", "--epochs", "many")
    assert plain.startswith("Error parsing --epochs: invalid literal")

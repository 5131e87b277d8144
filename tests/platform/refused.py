"""How a command refuses what a person can mend."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from platform.terminal.command_line import run


def refusal(main: Callable[[list[str]], int], capsys: pytest.CaptureFixture[str], argv: list[str]) -> str:
    """The one line on stderr of a command that is refused."""
    assert run(main, argv) == 2
    err = capsys.readouterr().err
    assert_one_line(err)
    return err


def assert_one_line(err: str) -> None:
    """What stderr has of an error that a person can mend."""
    assert err.startswith("error: ")
    assert err.count("\n") == 1

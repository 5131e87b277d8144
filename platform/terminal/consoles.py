"""Consoles that commands print on: names of runs and files as they are, with brackets and colons."""

from __future__ import annotations

import sys

from rich.console import Console


def plain_console(*, stderr: bool = False) -> Console:
    """A console of stdout or stderr without rich's markup and emoji codes.

    Lines are broken on a terminal alone: a program that reads them gets them whole.
    """
    stream = sys.stderr if stderr else sys.stdout
    return Console(stderr=stderr, soft_wrap=not stream.isatty(), markup=False, emoji=False)

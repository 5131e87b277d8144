"""What every command shares: arguments read into a dataclass, and errors as one line with exit code 2."""

from __future__ import annotations

import io
import os
import re
import sys
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, suppress
from itertools import groupby, pairwise
from typing import TypeVar

import tyro

from analysis.errors import AnalysisError
from platform.terminal.ends import STOPPED, Ends, ends_noticed
from platform.terminal.errors import UsageError
from platform.terminal.paths import absolute
from platform.terminal.secret_fields import without_secrets
from platform.terminal.suggestions import likeness
from platform.terminal.version import version
from spaces.errors import VipnasError
from workers.errors import UnexpectedError, is_of_the_machine, of_the_machine
from workers.secrets import redacted

OUR_ERROR = 1
USER_ERROR = 2
WIDE = "1000"  # columns; no message of tyro's is wrapped in it
STYLES = re.compile(r"\x1b\[[0-9;]*m")
EDGES = "╭╮╰╯│─ "
RULE = re.compile(r"-+")  # what a terminal without these letters gets
NEGATED = re.compile(r"(--(?:.*\.)?)no-")
VALUED = re.compile(r"--(?!help=).*=")
HELP = frozenset(("-h", "--help"))
FLAG = re.compile(r"--[\w.-]*\w")
SUGGESTS = ("Perhaps you meant:", "Arguments similar to ")

Arguments = TypeVar("Arguments")


def run(main: Callable[[list[str]], int], argv: Sequence[str]) -> int:
    """The exit code of `main(argv)`: its own, 2 for an error that a person can mend, 130 or 143 for a signal.

    An error in the program itself is its traceback, once, and 1: the worker's where it was a worker's.
    What is printed of errors is without passwords.
    SIGINT and SIGTERM end the command with one line, even where something took the interrupt for its own.

    With --version among the arguments it is printed, and `main` is not called.
    """
    if "--version" in argv:
        print(version())
        return 0
    with ends_noticed() as ends:
        try:
            code = main(list(argv))
            sys.stdout.flush()  # while what a full disk says can still be told
        except KeyboardInterrupt:
            return _stopped(ends)
        except (VipnasError, AnalysisError) as error:
            if ends.signum is not None:
                return _stopped(ends)
            print(f"error: {redacted(' '.join(str(error).split()))}", file=sys.stderr)
            return USER_ERROR
        except UnexpectedError as error:
            print(f"error: {redacted(str(error))}", file=sys.stderr)
            return OUR_ERROR
        except Exception as error:
            if ends.signum is not None:  # what the interrupt left half done is no fault
                return _stopped(ends)
            if not is_of_the_machine(error):
                print(redacted(traceback.format_exc()), end="", file=sys.stderr)
                return OUR_ERROR
            print(f"error: {redacted(of_the_machine(error))}", file=sys.stderr)
            return USER_ERROR
        return code if ends.signum is None else _stopped(ends)


def _stopped(ends: Ends) -> int:
    print(STOPPED, file=sys.stderr)
    exec("")  # an interrupt out of code in a string, as of a dataclass, is else taken for unhandled: code -2
    return ends.exit_code


def parse(
    kind: type[Arguments],
    args: Sequence[str],
    *,
    default: Arguments | None = None,
    prog: str,
    description: str | None = None,
) -> Arguments:
    """Reads `args` into the dataclass `kind`, or over the fields of `default`; --help prints and exits.

    Every path in it is absolute, from the folder in which the process stands.
    Raises UsageError with all that tyro says (the flag, what it takes, flags of a similar name) in one line.
    """

    def read(args: Sequence[str]) -> Arguments:
        if default is None:
            return tyro.cli(kind, args=args, prog=prog, description=description)
        shown = default if HELP.isdisjoint(args) else without_secrets(default)  # help prints the values
        return tyro.cli(kind, args=args, prog=prog, description=description, default=shown)

    _refuse_twice(args)
    said = io.StringIO()
    try:
        with redirect_stderr(said):
            return absolute(read(args))
    except SystemExit as refused:
        if not refused.code:
            raise
    raise UsageError(_as_one_line(_said_unwrapped(read, args)))


def _refuse_twice(args: Sequence[str]) -> None:
    """Raises UsageError for a flag given twice, of which argparse takes the last; --no-flag is it too."""
    names = [word.split("=", 1)[0].replace("_", "-") for word in args if word.startswith("--")]
    counts = Counter(NEGATED.sub(r"\1", name) for name in names)
    for name, count in counts.items():
        if count > 1 and name != "--":
            raise UsageError(f"{name} must be given once, but it is given {count} times. Leave one of them.")


def _said_unwrapped(read: Callable[[Sequence[str]], object], args: Sequence[str]) -> str:
    """What tyro says of arguments that it refuses, on lines as long as they need be.

    A flag and its value are given apart: of ``--flag=value`` as one word it finds no similar flag.
    --help=value stays one word, which asks for no help.
    """
    apart = [part for word in args for part in (word.split("=", 1) if VALUED.match(word) else [word])]
    said = io.StringIO()
    with _columns(WIDE), redirect_stderr(said), suppress(SystemExit):
        read(apart)
    return said.getvalue()


@contextmanager
def _columns(columns: str) -> Iterator[None]:
    before = os.environ.get("COLUMNS")
    os.environ["COLUMNS"] = columns
    try:
        yield
    finally:
        if before is None:
            del os.environ["COLUMNS"]
        else:
            os.environ["COLUMNS"] = before


def _as_one_line(box: str) -> str:
    """A sentence for each section of the box; the sections are divided by rules, the first is its title."""
    stripped = (line.strip(EDGES) for line in STYLES.sub("", box).splitlines())
    lines = ["" if RULE.fullmatch(line) else line for line in stripped]
    sections = [list(lines) for filled, lines in groupby(lines[1:], key=bool) if filled]
    mistyped = FLAG.search(" ".join(sections[0]))
    return " ".join(_sentence(_nearest_first(section, mistyped)) for section in sections)


def _nearest_first(section: list[str], mistyped: re.Match[str] | None) -> list[str]:
    """A section that suggests flags, each with lines on it, begins with the one most like the mistyped."""
    word = FLAG.search(section[0]) or mistyped
    if not section[0].startswith(SUGGESTS) or word is None:
        return section
    starts = [number for number, line in enumerate(section) if line.startswith("-")] + [len(section)]
    flags = [section[start:end] for start, end in pairwise(starts)]
    flags.sort(key=lambda lines: -likeness(word[0], lines[0].split()[0].rstrip(",")))
    return [*section[: starts[0]], *(line for lines in flags for line in lines)]


def _sentence(section: Sequence[str]) -> str:
    said = section[0]
    for line in section[1:]:
        said += f"; {line}" if line.startswith("-") and not said.endswith(":") else f" {line}"
    return said if said.endswith((".", "--help")) else f"{said}."

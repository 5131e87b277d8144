"""A short help: some fields of nested dataclasses by what they are about, with meaning and value."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator, Mapping
from dataclasses import is_dataclass
from itertools import pairwise
from operator import attrgetter
from textwrap import dedent, wrap
from typing import Any, Literal, get_args, get_origin, get_type_hints

from rich.console import Console
from rich.text import Text

Groups = Mapping[str, tuple[str, ...]]  # dotted names of fields, under what they are about
MEANINGS_AT = 31  # the column in which meanings begin; behind a longer flag they begin on the next line
HARD_SPACE = "\N{NO-BREAK SPACE}"
WIDEST = 120  # columns; longer lines are hard to read


def print_short_help(config: Any, groups: Groups, usage: str, more: str, console: Console) -> None:
    """What `config` is, then each field of `groups` with its meaning and its value, then a line on `more`.

    It takes as many columns as the console has, up to 120.
    """
    width = min(console.width, WIDEST)
    console.print(f"usage: {usage}\n", highlight=False, markup=False, soft_wrap=True)
    console.print("\n".join(_wrapped(type(config).__doc__ or "", width)), highlight=False)
    for title, names in groups.items():
        console.print(Text(f"\n{title}", style="bold"))
        for name in names:
            console.print(_entry(_flag(name), _wrapped(_meaning(config, name), width - MEANINGS_AT)))
    console.print(f"\n{more}", highlight=False, markup=False, soft_wrap=True)


def _wrapped(text: str, width: int) -> list[str]:
    """Lines that break at spaces, so that a value can be copied; a hard space breaks no line."""
    return [line.replace(HARD_SPACE, " ") for line in wrap(text, width, break_on_hyphens=False)]


def _entry(flag: str, lines: list[str]) -> Text:
    said = f"\n{' ' * MEANINGS_AT}".join(lines)
    room = MEANINGS_AT - 2 - len(flag)
    space = " " * room if room > 1 else f"\n{' ' * MEANINGS_AT}"
    return Text.assemble("  ", (flag, "bold"), space, said)


def _flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def _meaning(config: Any, name: str) -> str:
    section, _, field = name.rpartition(".")
    owner = attrgetter(section)(config) if section else config
    hint, value = get_type_hints(type(owner))[field], getattr(owner, field)
    choices = f"one of {', '.join(get_args(hint))}; " if get_origin(hint) is Literal else ""
    shown = " ".join(map(str, value)) if isinstance(value, tuple) else value
    return f"{meanings(type(owner))[field]} ({choices}default:{HARD_SPACE}{shown})"


def meanings(kind: type) -> Mapping[str, str]:
    """What a dataclass says below each of its fields, and its bases below theirs."""
    bases = (base for base in reversed(kind.__mro__) if is_dataclass(base))
    return {name: said for base in bases for name, said in _said(base)}


def _said(kind: type) -> Iterator[tuple[str, str]]:
    (made,) = ast.parse(dedent(inspect.getsource(kind))).body
    assert isinstance(made, ast.ClassDef)
    for field, below in pairwise(made.body):
        match field, below:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(said))):
                yield name, " ".join(said.split())

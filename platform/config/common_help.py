"""The short help of a run: the fields that people change first, by what they are about."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator, Mapping
from dataclasses import is_dataclass
from itertools import pairwise
from textwrap import dedent, wrap
from typing import Any, Literal, get_args, get_origin, get_type_hints

from rich.console import Console
from rich.text import Text

from platform.config.checks import typed
from platform.config.file import flat_fields
from platform.config.run import RunConfig

COMMON: Mapping[str, tuple[str, ...]] = {
    "run": ("name", "seed", "storage", "stages"),
    "data and training": ("data.root", "train.epochs"),
    "search of subnets": ("search.trials", "search.sampler", "search.max_gmacs", "search.max_latency_ms"),
    "search of allocations": ("temporal.search.trials", "temporal.search.max_gmacs"),
    "resources": ("resources.train_workers", "resources.gpus_per_train_worker", "resources.slots"),
}
MEANINGS_AT = 31  # the column in which meanings begin; behind a longer flag they begin on the next line
WIDEST = 120  # columns; longer lines are hard to read


def print_common_help(config: RunConfig, program: str, console: Console) -> None:
    """Each common field with its meaning and its value in `config`, in so many columns as the console has."""
    width = min(console.width, WIDEST)
    console.print(f"usage: {program} [--FIELD VALUE ...] [--resume]\n", highlight=False, soft_wrap=True)
    console.print("\n".join(wrap(RunConfig.__doc__ or "", width)), highlight=False)
    for title, names in COMMON.items():
        console.print(Text(f"\n{title}", style="bold"))
        for name in names:
            console.print(_entry(_flag(name), _wrapped(_meaning(config, name), width - MEANINGS_AT)))
    count = len(flat_fields(config))
    console.print(
        f"\nThese fields are what people change first; for all {count}:\n  {program} --help-all",
        highlight=False, soft_wrap=True,
    )  # fmt: skip


def _wrapped(text: str, width: int) -> list[str]:
    """Lines that break at spaces, so that a value can be copied."""
    return wrap(text, width, break_on_hyphens=False)


def _entry(flag: str, lines: list[str]) -> Text:
    said = f"\n{' ' * MEANINGS_AT}".join(lines)
    room = MEANINGS_AT - 2 - len(flag)
    space = " " * room if room > 1 else f"\n{' ' * MEANINGS_AT}"
    return Text.assemble("  ", (flag, "bold"), space, said)


def _flag(name: str) -> str:
    return f"--{typed('', name)}"


def _meaning(config: RunConfig, name: str) -> str:
    *sections, field = name.split(".")
    owner: Any = config
    for section in sections:
        owner = getattr(owner, section)
    hint, value = get_type_hints(type(owner))[field], getattr(owner, field)
    choices = f"one of {', '.join(get_args(hint))}; " if get_origin(hint) is Literal else ""
    shown = " ".join(map(str, value)) if isinstance(value, tuple) else value
    return f"{meanings(type(owner))[field]} ({choices}default: {shown})"


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

"""Fields by the dotted names that they are typed by: bounds checked by one walk, and errors of others."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from typing import Any, get_type_hints

from platform.terminal.errors import ConfigError
from spaces.bounds import out_of_bounds


def check_numbers(config: Any, section: str = "") -> None:
    """Raises ConfigError for the first number that its field does not allow, in `config` or within it.

    `section` is the dotted name of `config`; fields are named as the command line has them.
    """
    for name, allowed, found in out_of_bounds(config):
        raise ConfigError(f"{typed(section, name)} must be {allowed}, but it is {found}")
    for field in fields(config):
        inner = getattr(config, field.name)
        if is_dataclass(inner):
            check_numbers(inner, typed(section, field.name))


def typed(section: str, name: str) -> str:
    """A field's dotted name as the command line has it, without the two dashes."""
    return ".".join(filter(None, (section, name.replace("_", "-"))))


def fields_in(kind: type, text: str, own: Mapping[str, str] | None = None) -> str:
    """The text of an error of spaces/ or workers/, with each `Class.field` of a section of `kind` as typed.

    `own` has other fields for some of them, as `Class.field` and as dotted name.
    """
    sections = _sections(kind)

    def name(found: re.Match[str]) -> str:
        other = (own or {}).get(found.group())
        return typed("", other) if other else typed(sections[found[1]], found[2])

    return re.sub(rf"\b({'|'.join(sections)})\.([a-z_]+)", name, text)


@cache
def _sections(kind: type) -> Mapping[str, str]:
    """The dotted name of each section, by its class's name."""
    return {inner.__name__: section for inner, section in _walk(kind, "")}


def _walk(kind: type, section: str) -> Iterator[tuple[type, str]]:
    hints = get_type_hints(kind)
    for field in fields(kind):
        inner = hints[field.name]
        if isinstance(inner, type) and is_dataclass(inner):
            yield inner, typed(section, field.name)
            yield from _walk(inner, typed(section, field.name))

"""The bounds that fields say, checked by one walk that knows their dotted names."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from typing import Any

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

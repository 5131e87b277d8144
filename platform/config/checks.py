"""Bounds on numbers, said with the field's name."""

from __future__ import annotations

from platform.terminal.errors import ConfigError


def share(name: str, value: float) -> None:
    if not 0 <= value <= 1:
        raise ConfigError(f"{name} must be a share from 0 to 1, but it is {value}")


def at_least(least: int, name: str, value: int) -> None:
    if value < least:
        raise ConfigError(f"{name} must be at least {least}, but it is {value}")

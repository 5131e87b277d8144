"""Fields that hold URIs, as they are shown and written: without passwords and keys."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from typing import TypeVar

from platform.terminal.paths import SCHEME, URI
from workers.secrets import redacted

Value = TypeVar("Value")


def without_secrets(value: Value) -> Value:
    """The dataclass with ``***`` for every password and key in its URIs; a path is no URI and stays."""
    if not is_dataclass(value) or isinstance(value, type):
        return value
    changed = {}
    for field in fields(value):
        before = getattr(value, field.name)
        if not field.name.endswith(URI):
            after = without_secrets(before)
        elif isinstance(before, str) and SCHEME.match(before):
            after = redacted(before)
        else:
            continue
        if after != before:
            changed[field.name] = after
    return replace(value, **changed) if changed else value

"""Paths as they were typed, made absolute: workers stand in other folders than the person who typed."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

Value = TypeVar("Value")

URI = "_uri"  # fields that end so hold a URI, or a path
SQLITE = re.compile(r"(?P<scheme>sqlite(?:\+\w+)?:///)(?P<path>[^?]+)(?P<options>\?.*)?", re.DOTALL)
SCHEME = re.compile(r"[A-Za-z][\w+.-]*:")


def is_folder_name(name: str) -> bool:
    """Whether a folder of that name lies in the folder where it is made, and a person sees it there."""
    return bool(name) and "/" not in name and not name.startswith(".") and name.isprintable()


def absolute(value: Value) -> Value:
    """The dataclass with every path in it, also within URIs, from the folder in which the process stands."""
    here = Path.cwd()
    return with_paths(value, here.joinpath)


def with_paths(value: Value, change: Callable[[Path], Path]) -> Value:
    """The dataclass with `change` applied to each path in it: Path fields, tuples of them, URIs of files.

    What begins with another scheme than sqlite's, and a database in memory, is left as it is.
    """
    if not is_dataclass(value) or isinstance(value, type):
        return value
    changed = {}
    for field in fields(value):
        before = getattr(value, field.name)
        after = _uri(before, change) if field.name.endswith(URI) else _changed(before, change)
        if after != before:
            changed[field.name] = after
    return replace(value, **changed) if changed else value


def _changed(value: Any, change: Callable[[Path], Path]) -> Any:
    if isinstance(value, Path):
        return change(value)
    if isinstance(value, tuple) and any(isinstance(each, Path) for each in value):
        return tuple(_changed(each, change) for each in value)
    return with_paths(value, change)


def _uri(uri: str | None, change: Callable[[Path], Path]) -> str | None:
    if not uri:
        return uri
    if found := SQLITE.fullmatch(uri):
        if found["path"] == ":memory:":
            return uri
        return f"{found['scheme']}{change(Path(found['path']))}{found['options'] or ''}"
    return uri if SCHEME.match(uri) else str(change(Path(uri)))

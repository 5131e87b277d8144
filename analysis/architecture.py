"""An architecture's JSON as a line a person can read: `stem w16 k3 | d4 w24 k5 g36 +att x3 | ...`.

Knows no search space: it shows whatever stages the JSON holds, nested ones (branches, frames) in order.
Legend: d depth, w width, k kernel, g groups, +att attention, x expansion.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import groupby
from typing import Any

from analysis.errors import AnalysisError

LETTERS = {"depth": "d", "width": "w", "kernel": "k", "groups": "g"}
ORDER = ("depth", "width", "kernel", "groups", "attention", "expansion")
SECTIONS = ("stem", "stages", "head")


def architecture_line(architecture: str) -> str:
    """The whole architecture on one line, stages divided by ` | `."""
    return " | ".join(stage_texts(architecture))


def stage_texts(architecture: str) -> tuple[str, ...]:
    """One short text per stage; equal neighbours are counted, as in `3*head w160 k4 g160`.

    Raises AnalysisError when `architecture` is not a JSON object.
    """
    try:
        value = json.loads(architecture)
        if not isinstance(value, dict):
            raise AnalysisError(f"an architecture must be a JSON object; got {architecture!r:.80}.")
        return tuple(_count(text, len(list(alike))) for text, alike in groupby(_texts(value, "")))
    except (TypeError, ValueError, RecursionError) as error:
        raise AnalysisError(f"an architecture must be JSON; got {architecture!r:.80}: {error}") from error


def _count(text: str, times: int) -> str:
    return text if times == 1 else f"{times}*{text}"


def _texts(value: Any, section: str) -> Iterator[str]:
    if isinstance(value, dict) and _is_stage(value):
        yield _named(section, _stage(value, section))
    elif isinstance(value, dict):
        for name in sorted(value, key=_rank):
            if name != "space":
                yield from _texts(value[name], "" if name == "stages" else name)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item, section)
    elif value is not None:
        yield _named(section, str(value))


def _is_stage(value: dict[str, Any]) -> bool:
    return "space" not in value and not any(isinstance(item, (dict, list)) for item in value.values())


def _rank(name: str) -> int:
    return SECTIONS.index(name) if name in SECTIONS else len(SECTIONS)


def _named(section: str, text: str) -> str:
    return f"{section} {text}".strip()


def _stage(stage: dict[str, Any], section: str) -> str:
    known = [name for name in ORDER if name in stage]
    words = [_word(name, stage[name], section) for name in [*known, *sorted(set(stage) - set(ORDER))]]
    return " ".join(word for word in words if word)


def _word(name: str, value: Any, section: str) -> str:
    if name == "attention":
        return "+att" if value else ""
    if name == "expansion":
        return "" if value == 1 else f"x{value}"
    if section and value == 1 and name in ("depth", "groups"):
        return ""  # as a stem and a head layer mostly are
    return f"{LETTERS[name]}{value}" if name in LETTERS else f"{name}={value}"

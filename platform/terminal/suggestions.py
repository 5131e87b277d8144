"""What a person may have meant by a word that is not known."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import SequenceMatcher, get_close_matches


def unknown(kind: str, word: str, known: Iterable[str]) -> str:
    """A sentence that says so, asks for the nearest of the known words if one is near, and lists them."""
    names = list(known)
    listed = f"known ones are: {', '.join(names)}"
    near = get_close_matches(word, names, n=1)
    return f"no {kind} {word!r}; {near[0]}? The {listed}" if near else f"no {kind} {word!r}; the {listed}"


def likeness(word: str, other: str) -> float:
    """Of two words, from 0 to 1 (equal), by the letters they share in order."""
    return SequenceMatcher(a=word, b=other, autojunk=False).ratio()

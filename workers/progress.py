"""The board on which distant workers leave their progress; the driver picks it up in order."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Any, final

MOST_EVENTS = 10_000  # beyond it the oldest go, so that nobody listening costs no memory


@final
@dataclass(frozen=True, slots=True)
class Notice:
    """A line for the person who watches."""

    text: str


@final
class ProgressBoard:
    """Progress events of workers, in order; the driver makes it a Ray actor."""

    def __init__(self) -> None:
        self._events: deque[Any] = deque(maxlen=MOST_EVENTS)
        self._failure: Exception | None = None

    def post(self, event: Any) -> None:
        self._events.append(event)

    def drain(self) -> list[Any]:
        """All events since the last call, oldest first."""
        events = list(self._events)
        self._events.clear()
        return events

    def fail(self, error: Exception) -> None:
        """Leaves the error that ends the work; the first one stays."""
        self._failure = self._failure or error

    def failure(self) -> Exception | None:
        return self._failure

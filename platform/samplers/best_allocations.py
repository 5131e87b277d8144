"""The best allocations of a search so far, found without a look at all of them."""

from __future__ import annotations

from bisect import insort
from typing import final

from spaces.temporal.allocation import Allocation

MOST = 2_000  # kept, the best; a group asks for a few of those known before it


@final
class BestFirst:
    """Scored allocations by AP, equal ones by key."""

    def __init__(self) -> None:
        self._ranked: list[tuple[float, str, int, Allocation]] = []  # -AP, key, trial

    def add(self, trial: int, ap: float, allocation: Allocation) -> None:
        insort(self._ranked, (-ap, allocation.key, trial, allocation), key=lambda each: each[:3])
        del self._ranked[MOST:]

    def before(self, trial: int, count: int) -> list[Allocation]:
        """The best `count` of the trials before `trial`, best first; fewer where there are no more."""
        found: list[Allocation] = []
        for _, _, of, allocation in self._ranked:
            if len(found) == count:
                break
            if of < trial:
                found.append(allocation)
        return found

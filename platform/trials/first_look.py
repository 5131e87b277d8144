"""Asynchronous successive halving with two rungs: who may be scored on everybody after a first look."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from platform.config.search import SearchConfig

LEAST_SEEN = 10  # first looks before any is stopped: the share of fewer says little


@dataclass(slots=True)
class FirstLook:
    """Candidates among the best `keep` of all first looks so far go on, without waiting for others.

    As in ASHA (Li et al., 2020), the first ones all go on, and a bar may be a few results old. The best at
    first looks so far always passes, so a true best is lost only where the first look misjudges it.
    """

    keep: float
    """Share that is scored on everybody."""
    seen: list[float] = field(default_factory=list)

    @classmethod
    def of(cls, config: SearchConfig, rows: Iterable[Mapping[str, Any]]) -> FirstLook | None:
        """What the search asks for, with the rows that an interrupted one left; None without first looks.

        Rows that were taken over do not count: of another run only those that passed are known.
        """
        if not config.first_look_people:
            return None
        looks = cls(keep=config.first_look_keep)
        for row in rows:
            if row["trial"] >= 0:
                looks.observe(row["first_look_ap"])
        return looks

    def observe(self, first_look_ap: float | None) -> None:
        """A result, of this run or of the one that it continues; None is one without a first look."""
        if first_look_ap is not None:
            self.seen.append(first_look_ap)

    def bar(self) -> float | None:
        """AP that the next first look must reach; None lets all pass."""
        if len(self.seen) < LEAST_SEEN:
            return None
        return sorted(self.seen, reverse=True)[math.ceil(self.keep * len(self.seen)) - 1]

"""Asynchronous successive halving with two rungs: a part of the people first, everybody for the promoted."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, final

from platform.config.sections.search import SearchConfig

FEWEST_RESULTS = 10  # of the first rung before any candidate is stopped: the share of fewer says little


@final
@dataclass(slots=True)
class FirstRung:
    """The results of the first rung, from which the promotion threshold follows.

    As in ASHA (Li et al., 2020), a candidate among the best `keep` of all results so far is promoted without
    waiting for others; the first ones all are, and a threshold may be a few results old. The best so far
    always passes, so a true best is lost only where the first rung misjudges it.
    """

    keep: float
    """Share of the candidates that is promoted: scored on everybody."""
    aps: list[float] = field(default_factory=list)

    @classmethod
    def of(cls, config: SearchConfig, rows: Iterable[Mapping[str, Any]]) -> FirstRung | None:
        """The first rung of a search, with the results among its `rows` so far; None where it has no rungs.

        Rows that were taken over do not count: of another run only the promoted are known.
        """
        if not config.first_look_people:
            return None
        rung = cls(keep=config.first_look_keep)
        for row in rows:
            if row["trial"] >= 0:
                rung.observe(row["first_look_ap"])
        return rung

    def observe(self, first_look_ap: float | None) -> None:
        """Adds a result, of this run or of the one that it continues; None adds nothing."""
        if first_look_ap is not None:
            self.aps.append(first_look_ap)

    def threshold(self) -> float | None:
        """AP that the next candidate must reach to be promoted; None promotes all."""
        if len(self.aps) < FEWEST_RESULTS:
            return None
        return sorted(self.aps, reverse=True)[math.ceil(self.keep * len(self.aps)) - 1]

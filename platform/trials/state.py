"""How a search stands, in figures that cost little to keep up to date with every trial."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import final

from analysis.hypervolume import dominated_area
from analysis.pareto import non_dominated
from platform.results.store import Row
from platform.samplers.ranking import WAYS
from platform.trials.row import is_scored


@final
class SearchState:
    """`total` trials are to be evaluated; the front is that of AP against GMACs.

    The hypervolume's reference point is AP 0 at `most_gmacs`: the constraint's bound, or the space's biggest.
    """

    def __init__(self, total: int, most_gmacs: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.total, self.most_gmacs = total, most_gmacs
        self.done = self.failed = self.taken_over = 0
        self.best: Row | None = None
        self.front: list[tuple[float, float]] = []  # AP, GMACs
        self._clock = clock
        self._given_out: set[int] = set()
        self._first_s: float | None = None
        self._since_first = 0

    @property
    def running(self) -> int:
        """Trials that were given to workers and have not come back."""
        return len(self._given_out)

    def begin(self, trial: int) -> None:
        self._given_out.add(trial)

    def take(self, row: Row) -> bool:
        """Counts a row of the table, of this start or an earlier one; True where it changed the front."""
        if row["trial"] in self._given_out:
            self._given_out.remove(row["trial"])
            self._count_pace()
        self.done += row["trial"] >= 0
        self.taken_over += row["trial"] < 0
        self.failed += row["status"] == "failed"
        if not is_scored(row):
            return False
        if self.best is None or (row["ap"], -row["gmacs"]) > (self.best["ap"], -self.best["gmacs"]):
            self.best = row
        return self._join_front((row["ap"], row["gmacs"]))

    @property
    def hypervolume(self) -> float:
        """Hypervolume of the front, in AP times GMACs."""
        return dominated_area(self.front, WAYS, (0.0, self.most_gmacs)) if self.front else 0.0

    @property
    def per_minute(self) -> float | None:
        """Trials a minute since this start; the first one, with the workers' start, does not count."""
        if self._first_s is None or self._since_first == 0:
            return None
        return 60 * self._since_first / max(self._clock() - self._first_s, 1e-9)

    @property
    def left_s(self) -> float | None:
        pace = self.per_minute
        return None if pace is None else 60 * (self.total - self.done) / pace

    def metrics(self) -> Mapping[str, float]:
        """The figures that a tracking server charts, by name."""
        best = {} if self.best is None else {"search/best_ap": self.best["ap"]}
        return best | {"search/front_size": len(self.front), "search/hypervolume": self.hypervolume}

    def _count_pace(self) -> None:
        if self._first_s is None:
            self._first_s = self._clock()
        else:
            self._since_first += 1

    def _join_front(self, point: tuple[float, float]) -> bool:
        ap, gmacs = point
        if any(one >= ap and cost <= gmacs for one, cost in self.front):  # as most of a long search
            return False
        points = [*self.front, point]
        chosen = non_dominated(points, WAYS)
        self.front = [one for one, on_front in zip(points, chosen, strict=True) if on_front]
        return bool(chosen[-1])

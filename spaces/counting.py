"""Counts and draws what a chain holds within bounds on cost, by a dynamic programme over its parts.

Costs are rounded down to buckets, part by part, so what is counted is every path within the bounds and some
just outside: whoever draws one checks its exact cost. Drawing is uniform over the counted paths, so it is
uniform over those that pass the check.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, final

import numpy as np
from jaxtyping import Float, Int

from spaces.chain import Decisions

MOST_ADDITIONS = 300_000_000  # links x cells: about a second
MOST_CELLS = 1 << 16
FEWEST_CELLS = 1 << 10


@final
@dataclass(frozen=True)
class Bound:
    """The whole numbers that one cost (a column of Links.costs) may have in total; None does not bound."""

    column: int
    least: int
    most: int | None


@final
@dataclass(frozen=True, eq=False)
class Step:
    """One part behind one state, in buckets. Shapes: L choices, A axes (one for each bound)."""

    after: Int[np.ndarray, " L"]
    shifts: Int[np.ndarray, "L A"]  # buckets that each choice adds


Pick = Callable[[np.ndarray], tuple[np.ndarray, ...]]  # ways (R, L) -> rows and choices, one each a branch


@final
class Counts:
    """`tables[index][state]` holds, for every bucket reached so far, how many ways lead to an allowed end.

    Shapes: N paths, D decisions, S states, A axes of `size` buckets.
    """

    def __init__(self, chain: Decisions[Any, Any], bounds: Sequence[Bound]) -> None:
        self.size = _buckets_per_axis(chain, len(bounds))
        columns = [bound.column for bound in bounds]
        costs = [decision.costs[:, columns] for decision in chain.decisions]
        least = np.array([added.min(axis=0) for added in costs])
        most = np.array([added.max(axis=0) for added in costs]).sum(axis=0)
        limits = [
            top if bound.most is None else min(bound.most, top)
            for bound, top in zip(bounds, most, strict=True)
        ]
        room = np.array(limits) - least.sum(axis=0)
        units = np.maximum(room, 0) // self.size + 1
        self.steps = [
            [Step(links.after, (links.costs[:, columns] - low) // units) for links in decision.states]
            for decision, low in zip(chain.decisions, least, strict=True)
        ]
        end = np.zeros((1, *[self.size] * len(bounds)))
        if (room >= 0).all():
            slack = len(chain.decisions) - 1  # buckets lost by rounding down at every decision
            floor = (np.array([bound.least for bound in bounds]) - least.sum(axis=0)) // units - slack
            window = (slice(max(0, low), high + 1) for low, high in zip(floor, room // units, strict=True))
            allowed: tuple[int | slice, ...] = (0, *window)
            end[allowed] = 1
        self.tables = [end]
        for steps in reversed(self.steps):
            table = np.empty((len(steps), *end.shape[1:]))
            for state, step in enumerate(steps):
                table[state] = _count(step, self.tables[0])
            self.tables.insert(0, table)

    @property
    def total(self) -> float:
        """How many paths are counted; exact up to 2^53."""
        return float(self.tables[0][(0, *[0] * (self.tables[0].ndim - 1))])

    def draw(self, rng: np.random.Generator, count: int) -> Int[np.ndarray, "N D"]:
        """`count` paths, each drawn with every counted one equally likely; there must be one."""

        def pick(ways: Float[np.ndarray, "R L"]) -> tuple[np.ndarray, np.ndarray]:
            below = ways.cumsum(axis=1)
            level = rng.random(len(ways)) * below[:, -1]
            return np.arange(len(ways)), (below <= level[:, None]).sum(axis=1)

        return rng.permutation(self._walk(count, pick))

    def paths(self) -> Int[np.ndarray, "N D"]:
        """Every counted path, for small totals."""
        return self._walk(int(self.total > 0), np.nonzero)

    def _walk(self, starts: int, pick: Pick) -> Int[np.ndarray, "N D"]:
        """Paths from `starts` beginnings on; at each step `pick` says which rows go on with which choices."""
        states = np.zeros(starts, dtype=np.int64)
        reached = np.zeros((starts, self.tables[0].ndim - 1), dtype=np.int64)
        paths = np.zeros((starts, 0), dtype=np.int64)
        for steps, table in zip(self.steps, self.tables[1:], strict=True):
            grown = []
            for state in np.unique(states):
                step, own = steps[state], np.flatnonzero(states == state)
                rows, options = pick(_ways(step, reached[own], table))
                rows = own[rows]
                path = np.column_stack([paths[rows], options])
                grown.append((step.after[options], reached[rows] + step.shifts[options], path))
            if grown:
                states, reached, paths = (np.concatenate(column) for column in zip(*grown, strict=True))
        return paths


def _buckets_per_axis(chain: Decisions[Any, Any], axes: int) -> int:
    cells = min(max(MOST_ADDITIONS // chain.links, FEWEST_CELLS), MOST_CELLS)
    return int(cells ** (1 / max(1, axes)))


def _count(step: Step, table: Float[np.ndarray, " S *size"]) -> Float[np.ndarray, "*size"]:
    """The ways behind every bucket: over choices, the sum of the next ways, shifted by what they add."""
    total = np.zeros(table.shape[1:])
    inside = (step.shifts < total.shape).all(axis=1)
    moves = Counter(zip(step.after[inside].tolist(), *step.shifts[inside].T.tolist(), strict=True))
    for (after, *shifts), times in moves.items():
        target = tuple([slice(0, len(table[0]) - shift) for shift in shifts])
        part = table[after][tuple([slice(shift, None) for shift in shifts])]
        total[target] += part if times == 1 else times * part
    return total


def _ways(
    step: Step, reached: Int[np.ndarray, "R A"], table: Float[np.ndarray, " S *size"]
) -> Float[np.ndarray, "R L"]:
    """How many allowed ends lie behind each choice, from every row of buckets reached."""
    cells = reached[:, None, :] + step.shifts[None]
    size = np.array(table.shape[1:])
    inside = (cells < size).all(axis=-1)
    index = np.where(inside[..., None], cells, 0)
    return np.where(inside, table[(step.after[None], *np.moveaxis(index, -1, 0))], 0)

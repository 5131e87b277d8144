"""The non-dominated trials, for any objectives whose directions the schema gives."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from analysis.errors import AnalysisError
from analysis.trials import Direction, comparable, directions

OBJECTIVES = ("gmacs", "ap")


def pareto_front(trials: pd.DataFrame, objectives: Sequence[str] = OBJECTIVES) -> pd.DataFrame:
    """The finished trials that no other trial beats, best first in the first objective.

    Failed trials, those scored on fewer people than others and those with a missing objective take no part.
    Different architectures with equal objectives are all kept; of one architecture with equal objectives,
    the first trial. Ties in order go to the next objective, then the key, so the order never depends on the
    order of the rows.
    Raises AnalysisError for an unknown objective or one without a direction.
    """
    names = list(objectives)
    ways = directions(trials, names)
    finished = comparable(trials).dropna(subset=names)
    front = finished[non_dominated(finished[names], ways)]
    order = [way == "minimize" for way in ways]
    ordered = front.sort_values([*names, "key", "trial"], ascending=[*order, True, True], kind="stable")
    return ordered.drop_duplicates(subset=[*names, "key"]).reset_index(drop=True)


def non_dominated(values: ArrayLike, ways: Sequence[Direction]) -> NDArray[np.bool_]:
    """Which rows of `values` (N, M) no other row dominates: as good in every objective, better in one.

    Equal rows do not dominate each other; rows with NaN are never chosen. Two objectives take
    O(N log N), others O(N F) with F rows on the front.
    """
    costs = to_costs(values, ways)
    chosen = np.zeros(len(costs), dtype=bool)
    usable = np.flatnonzero(~np.isnan(costs).any(axis=1))
    if not len(usable):
        return chosen
    distinct, group = _distinct_rows(costs[usable])
    on_front = _sweep(distinct) if distinct.shape[1] == 2 else _filter(distinct)
    chosen[usable] = on_front[group]
    return chosen


def to_costs(values: ArrayLike, ways: Sequence[Direction]) -> NDArray[np.float64]:
    """Values (N, M) with every objective turned so that less is better."""
    table = np.asarray(values, dtype=np.float64)
    if not ways or table.ndim != 2 or table.shape[1] != len(ways):
        raise AnalysisError(
            f"values must have one column for each of the {len(ways)} objectives, at least one; "
            f"got an array of shape {table.shape}."
        )
    if not set(ways) <= {"maximize", "minimize"}:
        raise AnalysisError(f"directions must be 'maximize' or 'minimize'; got {', '.join(map(repr, ways))}.")
    return table * [1.0 if way == "minimize" else -1.0 for way in ways] + 0.0  # + 0.0 turns -0.0 into 0.0


def _distinct_rows(costs: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Distinct rows in lexicographic order, and for each given row the index of its equal."""
    order = np.lexsort(costs.T[::-1])
    ordered = costs[order]
    new = np.ones(len(costs), dtype=bool)
    new[1:] = (ordered[1:] != ordered[:-1]).any(axis=1)
    group = np.empty(len(costs), dtype=np.int64)
    group[order] = np.cumsum(new) - 1
    return ordered[new], group


def _sweep(costs: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Two objectives, distinct and ordered: a row stays when its second beats every earlier one's."""
    best = np.minimum.accumulate(costs[:, 1])
    return np.concatenate([[True], costs[1:, 1] < best[:-1]])


def _filter(costs: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Any number of objectives, distinct and ordered: only an earlier row of the front can dominate."""
    on_front = np.zeros(len(costs), dtype=bool)
    front = np.empty_like(costs)
    size = 0
    for index, row in enumerate(costs):
        if not (front[:size] <= row).all(axis=1).any():
            on_front[index] = True
            front[size] = row
            size += 1
    return on_front

"""NSGA-II's order of results: by front, and within a front by the room around them (Deb et al. 2002)."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from jaxtyping import Float, Int

from analysis.pareto import non_dominated
from analysis.trials import Direction

WAYS: tuple[Direction, Direction] = ("maximize", "minimize")  # AP, GMACs


def best_first(values: Float[np.ndarray, "N 2"], count: int) -> Int[np.ndarray, " M"]:
    """The indices of the `count` best of AP and GMACs: whole fronts in order, the last one by crowding."""
    chosen: list[int] = []
    for front in fronts(values):
        if len(chosen) >= count:
            break
        chosen += front[np.argsort(-crowding(values[front]), kind="stable")].tolist()
    return np.array(chosen[:count], dtype=np.int64)


def fronts(values: Float[np.ndarray, "N 2"]) -> Iterator[Int[np.ndarray, " M"]]:
    """The indices of each front of AP and GMACs in turn: whom none dominates but those of fronts before."""
    left = np.arange(len(values))
    while len(left):
        on_front = non_dominated(values[left], WAYS)
        yield left[on_front]
        left = left[~on_front]


def crowding(front: Float[np.ndarray, "N 2"]) -> Float[np.ndarray, " N"]:
    """How far apart the neighbours on a front are, in shares of its extent; its ends are infinitely far."""
    distance = np.zeros(len(front))
    for column in front.T:
        order = np.argsort(column, kind="stable")
        extent = column[order[-1]] - column[order[0]]
        distance[order[[0, -1]]] = np.inf
        if extent:
            distance[order[1:-1]] += (column[order[2:]] - column[order[:-2]]) / extent
    return distance

"""How many trials may be under way: a number, or what the cluster's nodes hold at the moment."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, final

import ray

Resources = Mapping[str, float]
REFRESH_S = 1.0


@final
class SlotLimit:
    """A fixed number of slots, or with "auto" as many as fit on the nodes that are there: at least one.

    Ray starts a trial wherever its resources are free; this keeps the driver from asking samplers for more
    trials than can start. "auto" shows an autoscaler no demand beyond the nodes there are; a number does.
    """

    def __init__(
        self, slots: int | Literal["auto"], per_trial: Resources,
        nodes: Callable[[], Sequence[Mapping[str, Any]]] = ray.nodes,
    ) -> None:  # fmt: skip
        self._slots, self._per_trial, self._nodes = slots, per_trial, nodes
        self._capacity, self._looked_s = 1, float("-inf")

    def count(self) -> int:
        """Slots at the moment; the cluster is looked at once a second."""
        if isinstance(self._slots, int):
            return self._slots
        if time.monotonic() - self._looked_s >= REFRESH_S:
            self._capacity = max(1, capacity(self._nodes(), self._per_trial))
            self._looked_s = time.monotonic()
        return self._capacity


def capacity(nodes: Sequence[Mapping[str, Any]], per_trial: Resources) -> int:
    """Trials that fit on the living nodes, node by node: one trial never spans two."""
    return sum(
        min(int(node["Resources"].get(name, 0) / need + 1e-6) for name, need in per_trial.items())
        for node in nodes
        if node["Alive"]
    )

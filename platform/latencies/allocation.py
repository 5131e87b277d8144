"""An allocation's latency: the average of its frames' networks, each measured once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import final

from platform.feasible.allocations import LATENCY_FIELD
from platform.latencies.meters import Timeable, one_processor
from platform.latencies.table import LatencyRow, LatencyTable
from spaces.architecture import Architecture
from spaces.errors import ConstraintError
from spaces.temporal.allocation import Allocation


@final
@dataclass(frozen=True, slots=True, eq=False)
class AllocationLatency:
    """Average milliseconds; of an allocation above the bound at least so many.

    Frames are measured in order, and no more of them as soon as what is known breaks the bound.
    """

    key_frame: Architecture
    bound_ms: float  # on average
    table: LatencyTable
    measure: Callable[[Timeable], LatencyRow]

    def __call__(self, allocation: Allocation) -> float:
        frames, total_ms = len(allocation.frames) + 1, self.of_network(self.key_frame)
        for choice in allocation.frames:
            total_ms += self.of_network(Allocation(allocation.space, (choice,)))
            if total_ms / frames > self.bound_ms:
                break
        return total_ms / frames

    def of_network(self, network: Timeable) -> float:
        """S's, or that of an allocation over one frame; measured where the table has it not."""
        if network.key not in self.table:
            row = self.measure(network)
            known = {self.table[self.key_frame.key]["cpu"]} if self.key_frame.key in self.table else set()
            one_processor({*known, row["cpu"]})
            self.table.put(row)
        return float(self.table[network.key]["median_ms"])

    def check_key_frame(self, frames: int) -> None:
        """Raises ConstraintError where S alone takes the time of all T + 1 frames."""
        alone_ms = self.of_network(self.key_frame)
        if alone_ms >= self.bound_ms * (frames + 1):
            raise ConstraintError(
                f"an average of at most {self.bound_ms:g} ms over {frames + 1} frames must leave something "
                f"beside the key frame's {alone_ms:.4g} ms, but it does not. Raise {LATENCY_FIELD} or have "
                "fewer key frames."
            )

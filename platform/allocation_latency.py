"""Milliseconds of an allocation's average frame, measured before it is proposed: of S and the T networks.

Measured with PyTorch, not ONNX Runtime, and each network once: what proposals depend on lies in the run's
folder, so a resumed run proposes the same. Nothing is predicted, so a search measures about as many networks
as it proposes unlike frames, some 1-2 s each. Two runs of one seed that measure for themselves differ.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from platform.latency_meters import Meters, Timed, need_cores, one_processor
from platform.results.latency_table import LatencyTable, Row
from platform.samplers.feasible_allocations import LATENCY_FIELD
from platform.stages.context import StageContext
from spaces.architecture import Architecture
from spaces.errors import ConstraintError
from spaces.temporal.allocation import Allocation
from spaces.temporal.allocation_space import AllocationSpace
from workers.latency.measure import Setting
from workers.latency.steadiness import Steadiness


@dataclass(frozen=True, slots=True, eq=False)
class AllocationLatency:
    """Average milliseconds; of an allocation above the bound at least so many.

    Frames are measured in order, and no more of them as soon as what is known breaks the bound.
    """

    key_frame: Architecture
    bound_ms: float  # on average
    table: LatencyTable
    measure: Callable[[Timed], Row]

    def __call__(self, allocation: Allocation) -> float:
        frames, total_ms = len(allocation.frames) + 1, self.of_network(self.key_frame)
        for choice in allocation.frames:
            total_ms += self.of_network(Allocation(allocation.space, (choice,)))
            if total_ms / frames > self.bound_ms:
                break
        return total_ms / frames

    def of_network(self, network: Timed) -> float:
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


@contextmanager
def allocation_latency(context: StageContext, space: AllocationSpace) -> Iterator[AllocationLatency | None]:
    """What FeasibleAllocations takes as `latency`, on cores that are kept inside the block.

    None where the search has no bound. Raises ConfigError where no core is left for a trial, and as
    `check_key_frame`.
    """
    config, bound_ms = context.config.search, context.config.temporal.search.max_latency_ms
    if bound_ms is None:
        yield None
        return
    need_cores(context.config.resources, config.latency_threads, LATENCY_FIELD, f"no {LATENCY_FIELD}")
    spatial = space.temporal.spatial
    setting = Setting(
        space=spatial.name, keypoints=spatial.keypoints, input_hw=spatial.input_hw, runtime="torch",
        threads=config.latency_threads,
    )  # fmt: skip
    table = LatencyTable(context.folder.frame_latency_table)
    with Meters(setting, Steadiness(), 1, config.latency_resource) as meters:

        def measure(network: Timed) -> Row:
            (row,) = meters.measure([network])
            return row

        latency = AllocationLatency(space.temporal.key_frame, bound_ms, table, measure)
        latency.check_key_frame(space.frames)
        yield latency

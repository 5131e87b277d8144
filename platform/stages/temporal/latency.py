"""Milliseconds of an allocation's average frame, measured before it is proposed: of S and the T networks.

Measured with PyTorch, not ONNX Runtime, and each network once: what proposals depend on lies in the run's
folder, so a resumed run proposes the same. Nothing is predicted, so a search measures about as many networks
as it proposes unlike frames, some 1-2 s each. Two runs of one seed that measure for themselves differ.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from platform.feasible.allocations import LATENCY_FIELD
from platform.latencies.allocation import AllocationLatency
from platform.latencies.meters import Meters, Timeable, need_cores
from platform.latencies.table import LatencyRow, LatencyTable
from platform.run.context import Run
from spaces.temporal.allocation_space import AllocationSpace
from workers.latency.measure import Setting
from workers.latency.steadiness import Steadiness


@contextmanager
def allocation_latency(context: Run, space: AllocationSpace) -> Iterator[AllocationLatency | None]:
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

        def measure(network: Timeable) -> LatencyRow:
            (row,) = meters.measure([network])
            return row

        latency = AllocationLatency(space.temporal.key_frame, bound_ms, table, measure)
        latency.check_key_frame(space.frames)
        yield latency

"""Times one piece of work, with a control timed in between so that a busy neighbour is noticed."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import final

import numpy as np

from workers.latency.runtimes import ForwardPass
from workers.latency.steadiness import Block, Steadiness, TimingDecision

Clock = Callable[[], float]  # seconds
WARM_UP_RUNS = 3
WARM_UP_S = 0.1
BLOCK_S = 0.05  # long enough to be interrupted in by a neighbour on the same core
MS = 1e3


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """One forward pass of one image. Nothing is rounded."""

    median_ms: float
    p10_ms: float
    p90_ms: float
    runs: int  # that these figures are of
    steady: bool  # whether the median held still while the control was quiet
    control_ms: float  # what the control took meanwhile
    quiet_ms: float  # the least that it was ever seen to take

    @property
    def control_ratio(self) -> float:
        """1 on a quiet machine; 2 where a neighbour took half of the core."""
        return self.control_ms / self.quiet_ms


def time_run(
    run: ForwardPass, control: ForwardPass, policy: Steadiness, quiet_ms: float = float("inf"),
    clock: Clock = time.perf_counter,
) -> Timing:  # fmt: skip
    """Warms both up, then times them in turns until the policy has enough.

    `quiet_ms` is what the control took on a quiet machine, as far as that is known from earlier.
    """
    _warm_up(run, clock)
    _warm_up(control, clock)
    started_s = clock()
    blocks: list[Block] = []
    before_ms = _mean_ms(control, clock)
    quiet_ms = min(quiet_ms, before_ms)
    while True:
        runs_ms = _block(run, clock)
        after_ms = _mean_ms(control, clock)
        blocks.append(Block(runs_ms, max(before_ms, after_ms)))
        quiet_ms, before_ms = min(quiet_ms, after_ms), after_ms
        decision = policy.decide(blocks, quiet_ms, clock() - started_s)
        if decision is not TimingDecision.MORE:
            return _summary(policy.believed(blocks, quiet_ms), quiet_ms, decision is TimingDecision.STEADY)


def _summary(blocks: list[Block], quiet_ms: float, steady: bool) -> Timing:
    runs_ms = np.concatenate([block.runs_ms for block in blocks])
    p10_ms, median_ms, p90_ms = np.percentile(runs_ms, (10, 50, 90)).tolist()
    control_ms = float(np.median([block.control_ms for block in blocks]))
    return Timing(
        median_ms=median_ms, p10_ms=p10_ms, p90_ms=p90_ms, runs=len(runs_ms), steady=steady,
        control_ms=control_ms, quiet_ms=quiet_ms,
    )  # fmt: skip


def _warm_up(run: ForwardPass, clock: Clock) -> None:
    started_s, runs = clock(), 0
    while runs < WARM_UP_RUNS or clock() - started_s < WARM_UP_S:
        run()
        runs += 1


def _block(run: ForwardPass, clock: Clock) -> tuple[float, ...]:
    """Runs for `BLOCK_S`, at least once, each timed."""
    runs_ms: list[float] = []
    started_s = clock()
    while not runs_ms or clock() - started_s < BLOCK_S:
        before_s = clock()
        run()
        runs_ms.append((clock() - before_s) * MS)
    return tuple(runs_ms)


def _mean_ms(control: ForwardPass, clock: Clock) -> float:
    """The mean, unlike the median, feels that the core was away for a while."""
    return float(np.mean(_block(control, clock)))

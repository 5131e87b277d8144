"""What is believed of a measurement, on a clock that the test moves."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor, nn

from tests.workers.latency.fake_clock import FakeClock
from workers.latency.runtimes import find_runtime
from workers.latency.steadiness import Steadiness
from workers.latency.timing import Timing, time_run

POLICY = Steadiness(tolerance=0.02, control_limit=1.1, fewest_blocks=4, budget_s=6)
RUN_MS, CONTROL_MS = 5.0, 1.0


class Sleeper(nn.Module):
    """A network that takes a known time."""

    def __init__(self, clock: FakeClock) -> None:
        super().__init__()
        self.clock = clock

    def forward(self, x: Tensor) -> Tensor:
        self.clock.sleep_ms(RUN_MS)
        return x


def timed(clock: FakeClock, quiet_ms: float = math.inf) -> Timing:
    run, control = clock.sleeper(RUN_MS), clock.sleeper(CONTROL_MS)
    return time_run(run, control, POLICY, quiet_ms, clock)


def test_a_module_that_sleeps_takes_the_time_it_sleeps() -> None:
    clock = FakeClock()
    run = find_runtime("torch").prepare(Sleeper(clock), (8, 8), torch.get_num_threads())

    timing = time_run(run, clock.sleeper(CONTROL_MS), POLICY, clock=clock)

    assert (timing.p10_ms, timing.median_ms, timing.p90_ms) == pytest.approx((RUN_MS, RUN_MS, RUN_MS))
    assert timing.steady
    assert timing.control_ratio == pytest.approx(1)
    assert timing.runs >= POLICY.fewest_blocks


def test_a_neighbour_who_goes_away_leaves_no_trace() -> None:
    timing = timed(FakeClock(busy=(0.0, 0.5)))

    assert timing.steady
    assert timing.p90_ms == pytest.approx(RUN_MS)
    assert timing.quiet_ms == pytest.approx(CONTROL_MS)


def test_a_neighbour_who_was_there_all_the_time_is_known_by_the_controls_earlier_time() -> None:
    assert not timed(FakeClock(busy=(0.0, 99.0)), quiet_ms=CONTROL_MS).steady


def test_a_neighbour_who_comes_later_leaves_no_trace() -> None:
    timing = timed(FakeClock(busy=(0.35, 2.0)))

    assert timing.steady
    assert timing.p90_ms == pytest.approx(RUN_MS)


def test_a_neighbour_who_stays_is_flagged_when_the_quiet_time_is_known() -> None:
    clock = FakeClock(busy=(0, math.inf))

    timing = timed(clock, quiet_ms=CONTROL_MS)

    assert not timing.steady
    assert timing.control_ratio == pytest.approx(2)
    assert clock() == pytest.approx(POLICY.budget_s, abs=0.6), "it waited for quiet as long as it may"


def test_a_network_that_never_settles_is_not_steady() -> None:
    clock, runs = FakeClock(), iter(range(10**6))

    timing = time_run(lambda: clock.sleep_ms(next(runs)), clock.sleeper(CONTROL_MS), POLICY, clock=clock)

    assert not timing.steady
    assert timing.control_ratio == pytest.approx(1)


def test_warm_up_is_not_measured() -> None:
    clock = FakeClock(busy=(0, 0.1), slowdown=50)  # the first run alone takes 250 ms

    assert timed(clock).p90_ms == pytest.approx(RUN_MS)

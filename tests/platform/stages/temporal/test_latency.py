"""The time of an allocation: known answers, no more measured than is needed, nothing measured twice."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from platform.config.recipes import tiny_video
from platform.config.sections.search import AllocationConfig
from platform.latencies.allocation import AllocationLatency
from platform.latencies.meters import Timeable
from platform.latencies.table import LatencyRow, LatencyTable
from platform.stages.preflight import check
from platform.terminal.errors import ConfigError
from spaces.architecture import Architecture
from spaces.errors import ConstraintError
from spaces.registry import build_space
from spaces.temporal.allocation import Allocation
from spaces.temporal.allocation_space import AllocationSpace
from spaces.temporal.temporal_space import TemporalSpace
from workers.errors import DataError

SMALL = build_space("mobilenetv3-small")
KEY_FRAME = SMALL.biggest()
SPACE = AllocationSpace(TemporalSpace(SMALL, KEY_FRAME), 3)


class Stopwatch:
    """10 ms of S, of frames 4, 5, 6 ... in the order in which they are measured."""

    def __init__(self, cpu: str = "Some CPU") -> None:
        self.measured: list[str] = []
        self.cpu = cpu

    def __call__(self, network: Timeable) -> LatencyRow:
        self.measured.append(network.key)
        ms = 10.0 if isinstance(network, Architecture) else 2.0 + len(self.measured)
        figures = dict.fromkeys(("median_ms", "p10_ms", "p90_ms"), ms)
        control = {"control_ms": 1.0, "quiet_ms": 1.0, "control_ratio": 1.0, "runs": 9, "steady": True}
        about = {"key": network.key, "architecture": network.to_json(), "cpu": self.cpu, "cores": [1]}
        return figures | control | about


def latency(folder: Path, bound_ms: float, stopwatch: Stopwatch) -> AllocationLatency:
    return AllocationLatency(KEY_FRAME, bound_ms, LatencyTable(folder), stopwatch)


def unlike(seed: int = 0) -> Allocation:
    allocation = SPACE.sample(np.random.default_rng(seed))
    assert len(set(allocation.frames)) == 3
    return allocation


def test_it_is_the_sum_of_s_and_the_frames_shared_by_all(tmp_path: Path) -> None:
    stopwatch = Stopwatch()
    average_ms = latency(tmp_path, 100, stopwatch)
    assert average_ms(unlike()) == (10 + 4 + 5 + 6) / 4
    assert average_ms(unlike()) == (10 + 4 + 5 + 6) / 4
    assert len(stopwatch.measured) == 4


def test_frames_of_one_choice_are_measured_once(tmp_path: Path) -> None:
    stopwatch = Stopwatch()
    assert latency(tmp_path, 100, stopwatch)(SPACE.biggest()) == (10 + 3 * 4) / 4
    assert len(stopwatch.measured) == 2


def test_no_frame_is_measured_behind_the_one_that_breaks_the_bound(tmp_path: Path) -> None:
    stopwatch = Stopwatch()
    assert latency(tmp_path, 4.5, stopwatch)(unlike()) == (10 + 4 + 5) / 4 > 4.5
    assert len(stopwatch.measured) == 3


def test_a_bound_that_is_just_kept_is_kept(tmp_path: Path) -> None:
    assert latency(tmp_path, 6.25, Stopwatch())(unlike()) == 6.25


def test_what_was_measured_is_known_after_a_restart(tmp_path: Path) -> None:
    first, second = Stopwatch(), Stopwatch()
    before_ms = latency(tmp_path, 100, first)(unlike())
    again = latency(tmp_path, 100, second)
    again.check_key_frame(3)
    assert again(unlike()) == before_ms
    assert second.measured == []
    assert again(unlike(1)) == pytest.approx((10 + 3 + 4 + 5) / 4)
    assert len(second.measured) == 3, "the new ones alone"


def test_a_key_frame_that_takes_it_all_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConstraintError, match=r"2\.5 ms over 4 frames must leave .* key frame's 10 ms"):
        latency(tmp_path, 2.5, Stopwatch()).check_key_frame(3)
    latency(tmp_path, 2.6, Stopwatch()).check_key_frame(3)


def test_times_of_two_processors_are_not_added_up(tmp_path: Path) -> None:
    latency(tmp_path, 100, Stopwatch())(unlike())
    with pytest.raises(DataError, match=r"Other CPU and Some CPU\. Give --search\.latency-resource"):
        latency(tmp_path, 100, Stopwatch("Other CPU"))(unlike(1))
    assert len(list(tmp_path.glob("*.parquet"))) == 4, "what cannot be used is not kept"


@pytest.mark.parametrize(
    ("search", "says"),
    [
        (AllocationConfig(max_latency_ms=float("nan")), "must be a finite number above 0, but it is nan"),
        (AllocationConfig(max_latency_ms=5, sampler="predictor"), "would all be measured"),
    ],
)
def test_what_cannot_be_asked_for_is_said_before_anything_is_started(
    search: AllocationConfig, says: str, tmp_path: Path
) -> None:
    config = replace(tiny_video(), storage=tmp_path)
    check(config)
    with pytest.raises(ConfigError, match=says):
        check(replace(config, temporal=replace(config.temporal, search=search)))


def test_bounds_are_named_together() -> None:
    assert AllocationConfig().bounds == "any cost on average"
    assert AllocationConfig(max_gmacs=0.5).bounds == "at most 0.5 GMACs on average"
    assert AllocationConfig(max_latency_ms=5).bounds == "at most 5 ms on average"
    both = AllocationConfig(max_gmacs=0.5, max_latency_ms=5)
    assert both.bounds == "at most 0.5 GMACs and at most 5 ms on average"

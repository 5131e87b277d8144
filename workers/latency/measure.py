"""The latency of a network or an architecture, with all that it depends on."""

from __future__ import annotations

import math
import time
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any, final

import torch
from torch import nn

from spaces.architecture import Architecture
from spaces.registry import build_space
from spaces.streams import Stream, torch_generator
from spaces.temporal.allocation import FrameChoice
from spaces.temporal.network import TemporalNetwork
from workers.errors import DataError
from workers.latency.beside_heatmaps import BesideHeatmaps
from workers.latency.processor import cpu_model, own_cores
from workers.latency.runtimes import ForwardPass, find_runtime
from workers.latency.steadiness import Steadiness
from workers.latency.timing import Clock, Timing, time_run
from workers.threads import computing_on

CONTROL_HW, CONTROL_WIDTH, CONTROL_DEPTH = (32, 32), 32, 4  # about a millisecond


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """The conditions of a latency beside the network."""

    space: str
    keypoints: int
    input_hw: tuple[int, int]
    runtime: str
    threads: int = 1

    def to_dict(self) -> dict[str, Any]:
        height, width = self.input_hw
        return asdict(self) | {"input_hw": f"{height}x{width}"}


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """A timing of one image at a time and the conditions it was taken under."""

    timing: Timing
    runtime: str
    runtime_version: str
    threads: int
    cpu: str
    cores: tuple[int, ...]  # that it was pinned to; none where that was not possible

    def to_dict(self) -> dict[str, Any]:
        """A flat dictionary of figures and conditions, with the unit in each name."""
        conditions = {name: value for name, value in asdict(self).items() if name != "timing"}
        figures = asdict(self.timing) | {"control_ratio": self.timing.control_ratio}
        return figures | conditions | {"cores": list(self.cores)}


def measure_architecture(
    setting: Setting, architecture: Architecture, policy: Steadiness, quiet_ms: float = math.inf
) -> Measurement:
    """Times an architecture's plain network with drawn weights: time does not depend on what was learnt."""
    space = build_space(setting.space, setting.keypoints, setting.input_hw)
    network = keep_signals(space.network(architecture))
    return measure_network(network, setting.input_hw, setting.runtime, setting.threads, policy, quiet_ms)


def measure_frame(
    setting: Setting, choice: FrameChoice, policy: Steadiness, quiet_ms: float = math.inf
) -> Measurement:
    """Times a frame's plain T-ViPNet beside fixed heatmaps, PyTorch only; `setting.space` is the CNN's."""
    if setting.runtime != "torch":
        raise DataError(f"a frame's network can be timed with torch only, not with {setting.runtime!r}")
    space = build_space(setting.space, setting.keypoints, setting.input_hw)
    plain = keep_signals(TemporalNetwork(space, choice))
    network = BesideHeatmaps(plain, setting.keypoints, setting.input_hw)
    return measure_network(network, setting.input_hw, setting.runtime, setting.threads, policy, quiet_ms)


def measure_network(
    network: nn.Module, input_hw: tuple[int, int], runtime: str, threads: int = 1,
    policy: Steadiness | None = None, quiet_ms: float = math.inf, clock: Clock = time.perf_counter,
) -> Measurement:  # fmt: skip
    """Times any plain network on `threads` cores of its own. `quiet_ms`: see `time_run`.

    Raises DataError where the runtime is unknown or cannot run the network.
    """
    found = find_runtime(runtime)
    with own_cores(threads) as cores, computing_on(threads):
        run = found.prepare(network, input_hw, threads)
        timing = time_run(run, control(), policy or Steadiness(), quiet_ms, clock)
    return Measurement(
        timing=timing, runtime=runtime, runtime_version=found.version, threads=threads, cpu=cpu_model(),
        cores=cores,
    )  # fmt: skip


@lru_cache(maxsize=1)
def control() -> ForwardPass:
    """A small fixed network whose time says how busy the machine is, one thread whatever is measured."""
    widths = (3, *[CONTROL_WIDTH] * CONTROL_DEPTH)
    convs = (nn.Conv2d(source, CONTROL_WIDTH, 3, padding=1) for source in widths[:-1])
    network = keep_signals(nn.Sequential(*convs))
    return find_runtime("onnxruntime").prepare(network, CONTROL_HW, 1)


@torch.no_grad()
def keep_signals(network: nn.Module) -> nn.Module:
    """Draws weights that keep signals at their size (He), and gives the network back in eval mode.

    With the paper's initial weights they would shrink until numbers are denormal, which processors are slow
    with.
    """
    generator = torch_generator(Stream.TIMED_WEIGHTS, seed=0)
    for parameter in network.parameters():
        if parameter.dim() == 4:
            nn.init.kaiming_normal_(parameter, generator=generator)
    return network.eval()

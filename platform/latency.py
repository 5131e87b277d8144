"""Measures how long one network takes for one image on a processor core, and says under which conditions.

A published network: python -m platform.latency --architecture s-vipnas-res50

One of a search: python -m platform.latency --architecture architecture.json --runtime torch --json

The machine should be quiet. A small control network is timed in between: where it slows down, another program
is at work, and the measurement waits, or says at its end that it was disturbed.
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, final

from platform.terminal.command_line import parse, run
from platform.terminal.errors import UsageError

if TYPE_CHECKING:  # takes seconds to import: --help and a mistyped flag are answered before
    from spaces.architecture import Architecture
    from spaces.space import SearchSpace
    from workers.latency.measure import Measurement, Setting


@final
@dataclass(frozen=True)
class LatencyArguments:
    """Arguments of `python -m platform.latency`: the network and how it runs."""

    architecture: str
    """A published network (s-vipnas-res50, s-vipnas-mbv3, sbl-res50, hrnet-w32), or a file with an
    architecture's JSON."""
    space: str | None = None
    """Search space that the architecture must be of. By default what the architecture says."""
    runtime: str = "onnxruntime"
    """onnxruntime, or torch (eager, channels_last)."""
    threads: int = 1
    """Cores to run on, each with a thread."""
    keypoints: int = 17
    """Keypoints that the network finds."""
    input_hw: tuple[int, int] = (256, 192)
    """Input height and width in pixels."""
    budget_s: float = 10.0
    """Most seconds to wait for a steady median."""
    json: bool = False
    """Print JSON, with every figure as measured."""

    def __post_init__(self) -> None:
        from spaces.registry import SPACES
        from workers.latency.runtimes import RUNTIMES

        if self.space is not None and self.space not in SPACES:
            raise UsageError(f"--space must be one of {', '.join(SPACES)}, but it is {self.space!r}")
        if self.runtime not in RUNTIMES:
            raise UsageError(f"--runtime must be one of {', '.join(RUNTIMES)}, but it is {self.runtime!r}")
        for name in ("threads", "keypoints"):
            if getattr(self, name) < 1:
                raise UsageError(f"--{name} must be at least 1, but it is {getattr(self, name)}")


def setting_of(arguments: LatencyArguments, architecture: Architecture) -> Setting:
    """UsageError where the architecture is of another space than the one that is named."""
    from workers.latency.measure import Setting

    if arguments.space not in (None, architecture.space):
        raise UsageError(
            f"--architecture must be of --space {arguments.space}, but it is of {architecture.space}. "
            "Leave --space out, or give another architecture."
        )
    return Setting(
        space=architecture.space, keypoints=arguments.keypoints, input_hw=arguments.input_hw,
        runtime=arguments.runtime, threads=arguments.threads,
    )  # fmt: skip


def report(space: SearchSpace, architecture: Architecture, measured: Measurement) -> str:
    """Lines for a person, rounded; the JSON is not."""
    cost, timing = space.cost(architecture), measured.timing
    height, width = space.input_hw
    pinned = f"pinned to core {', '.join(map(str, measured.cores))}" if measured.cores else "not pinned"
    state = "steady" if timing.steady else "DISTURBED: measure again on a quiet machine"
    return "\n".join(
        (
            f"{architecture.key}: {cost.params:,} params, {cost.gmacs:.3f} GMACs at {height}x{width}",
            f"{timing.median_ms:.2f} ms an image (p10 {timing.p10_ms:.2f}, p90 {timing.p90_ms:.2f}, "
            f"{timing.runs} runs), {state}",
            f"{measured.runtime} {measured.runtime_version}, {measured.threads} thread"
            f"{'s' if measured.threads > 1 else ''} {pinned}, {measured.cpu}",
            f"control network at {timing.control_ratio:.2f} of its quiet time ({timing.quiet_ms:.3f} ms)",
        )
    )


def as_json(setting: Setting, architecture: Architecture, measured: Measurement) -> str:
    named: dict[str, Any] = {"key": architecture.key, **asdict(setting)}
    return json.dumps(named | measured.to_dict(), indent=2)


def main(argv: list[str]) -> int:
    arguments = parse(LatencyArguments, argv, prog="python -m platform.latency", description=__doc__)
    from platform.terminal.architectures import find_architecture
    from spaces.registry import build_space
    from workers.latency.measure import measure_architecture
    from workers.latency.steadiness import Steadiness

    architecture = find_architecture(arguments.architecture)
    setting = setting_of(arguments, architecture)
    space = build_space(setting.space, setting.keypoints, setting.input_hw)
    measured = measure_architecture(setting, architecture, Steadiness(budget_s=arguments.budget_s))
    if arguments.json:
        print(as_json(setting, architecture, measured))
    else:
        print(report(space, architecture, measured))
    return 0


if __name__ == "__main__":
    sys.exit(run(main, sys.argv[1:]))

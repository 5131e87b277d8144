"""The thin Ray adapter: an actor that measures one network after another on cores of its own."""

from __future__ import annotations

import math
import socket
from typing import Any

from spaces.architecture import Architecture
from spaces.temporal.allocation import Allocation
from workers.latency.measure import Measurement, Setting, measure_architecture, measure_frame
from workers.latency.steadiness import Steadiness


class LatencyMeter:
    """Made an actor by the driver. It keeps the control's quietest time between measurements."""

    def __init__(self, setting: Setting, policy: Steadiness) -> None:
        self.setting, self.policy, self.quiet_ms = setting, policy, math.inf

    def measure(self, architecture: str) -> dict[str, Any]:
        """Of an architecture's canonical JSON: `Measurement.to_dict`, with what was measured and where."""
        value = Architecture.from_json(architecture)
        measured = measure_architecture(self.setting, value, self.policy, self.quiet_ms)
        return self._row(measured) | {"key": value.key, "architecture": architecture}

    def measure_frame(self, frame: str) -> dict[str, Any]:
        """The same of a frame's T-ViPNet: `frame` is the JSON of an allocation over one frame."""
        value = Allocation.from_json(frame)
        measured = measure_frame(self.setting, value.frames[0], self.policy, self.quiet_ms)
        return self._row(measured) | {"key": value.key, "architecture": frame, "space": value.space}

    def _row(self, measured: Measurement) -> dict[str, Any]:
        self.quiet_ms = measured.timing.quiet_ms
        return self.setting.to_dict() | measured.to_dict() | {"node": socket.gethostname()}

"""The thin Ray adapter: an actor that measures one network after another on cores of its own."""

from __future__ import annotations

import math
import socket
from typing import Any, final

from spaces.architecture import Architecture
from spaces.temporal.allocation import Allocation
from workers.latency.measure import Measurement, Setting, measure_architecture, measure_frame
from workers.latency.steadiness import Steadiness


@final
class LatencyMeter:
    """Measures one network after another as a Ray actor; keeps the control's quietest time in between."""

    def __init__(self, setting: Setting, policy: Steadiness) -> None:
        self.setting, self.policy, self.quiet_ms = setting, policy, math.inf

    def measure(self, architecture: str) -> dict[str, Any]:
        """The latency table's row of an architecture, given as canonical JSON: figures, what and where."""
        value = Architecture.from_json(architecture)
        measured = measure_architecture(self.setting, value, self.policy, self.quiet_ms)
        return self._row(measured) | {"key": value.key, "architecture": architecture}

    def measure_frame(self, frame: str) -> dict[str, Any]:
        """The latency table's row of a frame's T-ViPNet, given as JSON of an allocation of one frame."""
        value = Allocation.from_json(frame)
        measured = measure_frame(self.setting, value.frames[0], self.policy, self.quiet_ms)
        return self._row(measured) | {"key": value.key, "architecture": frame, "space": value.space}

    def _row(self, measured: Measurement) -> dict[str, Any]:
        self.quiet_ms = measured.timing.quiet_ms
        return self.setting.to_dict() | measured.to_dict() | {"node": socket.gethostname()}

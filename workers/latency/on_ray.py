"""The thin Ray adapter: an actor that measures one architecture after another on cores of its own."""

from __future__ import annotations

import math
import socket
from typing import Any

from spaces.architecture import Architecture
from workers.latency.measure import Setting, measure_architecture
from workers.latency.steadiness import Steadiness


class LatencyMeter:
    """Made an actor by the driver. It keeps the control's quietest time between measurements."""

    def __init__(self, setting: Setting, policy: Steadiness) -> None:
        self.setting, self.policy, self.quiet_ms = setting, policy, math.inf

    def measure(self, architecture: str) -> dict[str, Any]:
        """Of an architecture's canonical JSON: `Measurement.to_dict`, with what was measured and where."""
        value = Architecture.from_json(architecture)
        measured = measure_architecture(self.setting, value, self.policy, self.quiet_ms)
        self.quiet_ms = measured.timing.quiet_ms
        named = {"key": value.key, "architecture": architecture, "node": socket.gethostname()}
        return named | self.setting.to_dict() | measured.to_dict()

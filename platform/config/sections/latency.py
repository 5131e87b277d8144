"""Milliseconds of subnets: which are allowed, and how they are known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from annotated_types import Ge, Gt

from platform.config.sections.bounds import Bounds


@dataclass(frozen=True, kw_only=True)  # without slots: SearchConfig has other fields before these
class LatencyConfig(Bounds):
    """The part of SearchConfig that is about time."""

    max_latency_ms: Annotated[float, Gt(0)] | None = None
    """Most time of a subnet for one image, milliseconds on `latency_threads` cores."""
    latency_source: Literal["predicted", "measured"] | None = None
    """predicted: learnt from some subnets that are measured first. measured: also each subnet that may keep
    the bound, before it is proposed, on a core kept for that. By default predicted where there is a bound."""
    latency_runtime: Literal["onnxruntime", "torch"] = "onnxruntime"
    """What runs the subnets whose time is measured."""
    latency_threads: Annotated[int, Ge(1)] = 1
    """Cores that run one image."""
    latency_samples: Annotated[int, Ge(10)] = 64
    """Subnets measured to learn from."""
    latency_meters: Annotated[int, Ge(1)] = 1
    """Measurements at a time while learning. More disturb each other where they share a machine."""
    latency_resource: str | None = None
    """Ray resource that only the nodes to measure on have; needed where nodes have unlike processors."""

    @property
    def latency_from(self) -> Literal["predicted", "measured"] | None:
        """Where latencies come from; None where nobody asked for them."""
        return self.latency_source or (None if self.max_latency_ms is None else "predicted")

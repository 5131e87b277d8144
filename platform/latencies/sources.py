"""A subnet's latency, for whoever proposes: predicted, or measured as well."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, final

from platform.latencies.table import LatencyRow, LatencyTable
from spaces.architecture import Architecture
from workers.latency.predictor import Latency

Measure = Callable[[Architecture], LatencyRow]


class LatencySource(Protocol):
    """Milliseconds of an architecture, as a bound sees them and as a results row shows them."""

    def __call__(self, architecture: Architecture) -> float: ...

    def columns(self, architecture: Architecture) -> dict[str, float | None]:
        """`latency_ms`, None where it was not measured, and `predicted_latency_ms`."""
        ...


@final
@dataclass(frozen=True, slots=True, eq=False)
class PredictedLatency:
    """The predictor alone."""

    predict: Latency

    def __call__(self, architecture: Architecture) -> float:
        return self.predict(architecture)

    def columns(self, architecture: Architecture) -> dict[str, float | None]:
        return {"latency_ms": None, "predicted_latency_ms": self.predict(architecture)}


@final
@dataclass(frozen=True, slots=True, eq=False)
class MeasuredLatency:
    """Measured, but for those that the predictor puts above the bound by more than it errs.

    So nothing above the bound is ever let through, and hardly anything hopeless is measured. Every
    architecture is measured once; `table` remembers.
    """

    predict: Latency
    error: float  # relative, of the predictor
    bound_ms: float
    table: LatencyTable
    measure: Measure

    def __call__(self, architecture: Architecture) -> float:
        if architecture.key not in self.table:
            predicted_ms = self.predict(architecture)
            if predicted_ms > self.bound_ms * (1 + self.error):
                return predicted_ms
            self.table.put(self.measure(architecture))
        return float(self.table[architecture.key]["median_ms"])

    def columns(self, architecture: Architecture) -> dict[str, float | None]:
        known = architecture.key in self.table
        measured_ms = self.table[architecture.key]["median_ms"] if known else None
        return {"latency_ms": measured_ms, "predicted_latency_ms": self.predict(architecture)}

"""One measured number beside what it must be."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A row of bench.json.

    ``holds`` says whether ``figure`` meets ``target``; a figure without a target always holds. ``figure`` is
    None when a benchmark failed before it measured.
    """

    name: str
    figure: float | None
    unit: str
    target: str = ""
    holds: bool = True


def at_most(name: str, figure: float, unit: str, limit: float) -> Figure:
    """A figure that must not exceed ``limit``, such as a time; NaN does not hold."""
    return Figure(name=name, figure=figure, unit=unit, target=f"<= {limit:g}", holds=figure <= limit)


def at_least(name: str, figure: float, unit: str, limit: float) -> Figure:
    """A figure that must reach ``limit``, such as a rate; NaN does not hold."""
    return Figure(name=name, figure=figure, unit=unit, target=f">= {limit:g}", holds=figure >= limit)


def exponent(seconds: Mapping[int, float]) -> float:
    """How fast a time grows from the fewest to the most trials: 1 where twice as many take twice as long."""
    few, many = min(seconds), max(seconds)
    return math.log(seconds[many] / seconds[few]) / math.log(many / few)

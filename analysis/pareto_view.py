"""What a Pareto figure shows, before anything is drawn: points, front, the best within a limit, and texts."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, final

import numpy as np
import pandas as pd

from analysis.architecture import stage_texts
from analysis.errors import AnalysisError
from analysis.front_table import counted, decimals
from analysis.pareto import pareto_front
from analysis.trials import SCORES, Column, column, comparable

MOST_DRAWN = 2_000  # trials beside the front on a page: each brings its texts, and more hide one another


@final
@dataclass(frozen=True)
class ParetoView:
    """What both figures draw. `best` is the row of the front that is best in y within the limit on x."""

    x: Column
    y: Column
    trials: pd.DataFrame
    front: pd.DataFrame
    best: pd.Series | None
    limit: float | None
    title: str

    @property
    def limit_text(self) -> str:
        """Text of the legend for the limit, as in `limit: ≤ 0.6 GMACs`."""
        if self.limit is None:
            return ""
        sign = "≤" if self.x.direction == "minimize" else "≥"
        limit = f"{self.limit:,.0f}" if self.limit >= 1000 else f"{self.limit:g}"
        return f"limit: {sign} {limit} {_measure(self.x)}"

    @property
    def best_text(self) -> str:
        """Text of the legend for the best trial, as in `best: AP 0.643 at 0.510 GMACs`."""
        if self.best is None:
            return ""
        y, x = (self._number(of.name, self.best[of.name]) for of in (self.y, self.x))
        best = f"{y} {self.y.unit}" if self.y.has_unit else f"{_measure(self.y)} {y}"
        return f"best: {best} at {x} {_measure(self.x)}"

    def lines(self, row: pd.Series) -> list[str]:
        """A trial in words: key, figures, AP's parts, then a line for each stage."""
        shown = [self.x.name, *({"params"} - {self.x.name, self.y.name}), self.y.name]
        figures = [f"{self._label(name)}: {self._number(name, row[name])}" for name in shown]
        parts = [name for name in SCORES if name not in shown and row[name] >= 0]  # COCO's -1: no such person
        scores = ", ".join(f"{self._label(name)} {row[name]:.3f}" for name in parts)
        heading = f"{row['key']} (trial {row['trial']})"
        return [heading, *figures, scores, "", *stage_texts(row["architecture"])]

    @cached_property
    def drawn(self) -> pd.DataFrame:
        """The trials that a page holds beside the front: all, or `MOST_DRAWN` evenly over their order."""
        count = len(self.trials)
        if count <= MOST_DRAWN:
            return self.trials
        return self.trials.iloc[np.linspace(0, count - 1, MOST_DRAWN).astype(np.int64)]

    @property
    def drawn_text(self) -> str:
        """Text of the legend for the trials, as in `trials (2,000 of 10,000 drawn)`."""
        drawn, count = len(self.drawn), len(self.trials)
        return "trials" if drawn == count else f"trials ({drawn:,} of {count:,} drawn)"

    def _label(self, name: str) -> str:
        return column(self.trials, name).label

    def _number(self, name: str, value: float) -> str:
        shown = self._decimals.get(name)
        return f"{int(value):,}" if shown is None else f"{value:.{shown}f}"

    @cached_property
    def _decimals(self) -> dict[str, int]:
        """Decimals of each column of floats that is shown; worked out once, for it looks at every trial."""
        names = {self.x.name, self.y.name, "params"} & set(self.trials)
        floats = (name for name in names if pd.api.types.is_float_dtype(self.trials[name]))
        return {name: decimals(self.trials[name]) for name in floats}


def pareto_view(
    trials: pd.DataFrame,
    x: str = "gmacs",
    y: str = "ap",
    *,
    limit: float | None = None,
    title: str | None = None,
) -> ParetoView:
    """Collect what the figure shows; `limit` bounds x, in x's unit.

    Raises AnalysisError when no finished trial has both values or an objective has no direction.
    """
    front = pareto_front(trials, (x, y))
    if front.empty:
        raise AnalysisError(
            f"no finished trial has both {x!r} and {y!r}, so there is nothing to draw: "
            f"{counted(trials)}. Look at the column 'error'."
        )
    shown = comparable(trials).dropna(subset=[x, y])
    allowed = front if limit is None else front[_within(front[x], limit, column(trials, x))]
    best = None if allowed.empty else allowed.loc[_best_index(allowed[y], column(trials, y))]
    runs = ", ".join(sorted(set(trials["run"])))
    text = title or f"{runs}: {counted(trials)}, {len(front)} on the front"
    return ParetoView(column(trials, x), column(trials, y), shown, front, best, limit, text)


def _measure(of: Column) -> str:
    return of.unit if of.unit not in ("", "1") else of.title or of.name


def _within(values: pd.Series, limit: float, of: Column) -> pd.Series:
    return values <= limit if of.direction == "minimize" else values >= limit


def _best_index(values: pd.Series, of: Column) -> Any:
    return values.idxmax() if of.direction == "maximize" else values.idxmin()

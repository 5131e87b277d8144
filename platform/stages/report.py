"""Stage report: the Pareto front as a table, a page and a print for each cost, and where everything lies."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd

from analysis.figures import write_pareto_html, write_pareto_png
from analysis.front_table import front_table
from analysis.pareto_view import pareto_view
from analysis.trials import read_trials
from platform.config import RunConfig
from platform.stages.context import StageContext


def run(context: StageContext) -> None:
    folder, console, config = context.folder, context.console, context.config
    trials = read_trials(folder.path, stage="spatial_search")
    pictures = [
        picture
        for cost, (name, limit) in fronts_of(trials, config).items()
        for picture in _draw(trials, cost, limit, folder.path / name, config)
    ]
    context.tracking.log_artifacts(*pictures, folder.config, folder.environment, folder.best)
    console.print(front_table(trials))
    best = json.loads(folder.best.read_text())
    console.print(
        f"best subnet {best['key']}: AP {best['ap']:.3f} at {best['gmacs']:.4f} GMACs; "
        f"untrained, the same architecture has AP {best['ap_untrained']:.3f}",
        highlight=False,
    )


def fronts_of(trials: pd.DataFrame, config: RunConfig) -> dict[str, tuple[str, float | None]]:
    """For each cost that AP is held against, the pictures' name and the bound that is drawn.

    MACs always; milliseconds, measured ones before predicted ones, where the trials have them.
    """
    fronts: dict[str, tuple[str, float | None]] = {"gmacs": ("pareto", config.search.max_gmacs)}
    finished = trials[trials["status"] == "finished"]
    for cost in ("latency_ms", "predicted_latency_ms"):
        if len(finished) and cost in finished and finished[cost].notna().all():
            return fronts | {cost: ("pareto_latency", config.search.max_latency_ms)}
    return fronts


def _draw(
    trials: pd.DataFrame, cost: str, limit: float | None, stem: Path, config: RunConfig
) -> tuple[Path, Path]:
    view = pareto_view(trials, x=cost, limit=limit, title=f"{config.name}: {config.space.name}")
    html, png = stem.with_suffix(".html"), stem.with_suffix(".png")
    write_pareto_html(view, html)
    write_pareto_png(view, png)
    return html, png

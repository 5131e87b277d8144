"""Stage report: the Pareto fronts of both levels as pages and prints, the tables, and the allocation."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from analysis.allocation_figure import write_allocation_png
from analysis.allocation_table import allocation_table
from analysis.figures import write_pareto_html, write_pareto_png
from analysis.front_table import front_table
from analysis.pareto_view import pareto_view
from analysis.trials import read_trials
from platform.config.sections.search import AllocationConfig, SearchConfig
from platform.run.context import Run
from platform.run.folder import RunFolder
from platform.run.summaries import BestSubnet, read_allocation, read_best, read_retrained

ALLOCATIONS = "pareto_allocations"

FoundFigures = dict[str, Any]  # an allocation with its figures


def run(context: Run) -> None:
    """What there is: a run of one level alone has the other's in another folder, if anywhere."""
    folder = context.folder
    subnets, allocations = _subnets(folder), _allocations(folder)  # all is read before anything is drawn
    context.tracking.log_artifacts(folder.config, folder.environment)
    if subnets is not None:
        _report_subnets(context, *subnets)
    if allocations is not None:
        _report_allocation(context, *allocations)


def _subnets(folder: RunFolder) -> tuple[BestSubnet, pd.DataFrame] | None:
    if not folder.best.exists():
        return None
    return read_best(folder.best), read_trials(folder.path, stage="spatial_search")


def _allocations(folder: RunFolder) -> tuple[FoundFigures, FoundFigures | None, pd.DataFrame] | None:
    """The allocation that the search found, and that of networks trained alone where the run has it."""
    if not folder.allocation.exists():
        return None
    retrained = folder.retrained_networks.with_suffix(".json")
    alone = read_retrained(retrained) if retrained.exists() else None
    return read_allocation(folder.allocation), alone, read_trials(folder.path, stage="temporal_search")


def _report_subnets(context: Run, best: BestSubnet, trials: pd.DataFrame) -> None:
    folder, console, config = context.folder, context.console, context.config
    pictures = [
        picture
        for cost, (name, limit) in fronts_of(trials, config.search).items()
        for picture in _draw(trials, cost, limit, folder.path / name, f"{config.name}: {config.space.name}")
    ]
    context.tracking.log_artifacts(*pictures, folder.best)
    console.print(front_table(trials))
    console.print(
        f"best subnet {best.key}: AP {best.ap:.3f} at {best.gmacs:.4f} GMACs; "
        f"untrained, the same architecture has AP {best.ap_untrained:.3f}\n",
        highlight=False,
    )


def _report_allocation(
    context: Run, searched: FoundFigures, alone: FoundFigures | None, trials: pd.DataFrame
) -> None:
    """Prints the allocation, of the networks trained alone where the run has them."""
    folder, config = context.folder, context.config
    title = f"{config.name}: allocations over {config.temporal.frames} frames"
    pictures = [
        picture
        for cost, (name, limit) in fronts_of(trials, config.temporal.search, ALLOCATIONS).items()
        for picture in _draw(trials, cost, limit, folder.path / name, title)
    ]
    found = alone or searched
    png = write_allocation_png(found, folder.path / "allocation.png")
    context.tracking.log_artifacts(*pictures, folder.allocation, png)
    context.console.print(allocation_table(found))
    if alone is not None:
        context.console.print(
            f"trained alone; with the T supernet's weights it had AP {100 * searched['ap']:.1f} over its "
            f"frames, {100 * searched['ap_all']:.1f} with key frames\n", highlight=False, soft_wrap=True,
        )  # fmt: skip


def fronts_of(
    trials: pd.DataFrame, search: SearchConfig | AllocationConfig, name: str = "pareto"
) -> dict[str, tuple[str, float | None]]:
    """Each cost that AP is held against, with the pictures' name and the bound that is drawn.

    MACs always; milliseconds, measured ones before predicted ones, where the trials have them.
    """
    fronts: dict[str, tuple[str, float | None]] = {"gmacs": (name, search.max_gmacs)}
    finished = trials[trials["status"] == "finished"]
    for cost in ("latency_ms", "predicted_latency_ms"):
        if len(finished) and cost in finished and finished[cost].notna().all():
            return fronts | {cost: (f"{name}_latency", search.max_latency_ms)}
    return fronts


def _draw(trials: pd.DataFrame, cost: str, limit: float | None, stem: Path, title: str) -> tuple[Path, Path]:
    view = pareto_view(trials, x=cost, limit=limit, title=title)
    html, png = stem.with_suffix(".html"), stem.with_suffix(".png")
    write_pareto_html(view, html)
    write_pareto_png(view, png)
    return html, png

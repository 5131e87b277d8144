"""Stage report: the Pareto front as a table, a page and a print, and where everything lies."""

from __future__ import annotations

import json

from analysis.figures import write_pareto_html, write_pareto_png
from analysis.front_table import front_table
from analysis.pareto_view import pareto_view
from analysis.trials import read_trials
from platform.stages.context import StageContext


def run(context: StageContext) -> None:
    folder, console, config = context.folder, context.console, context.config
    trials = read_trials(folder.path, stage="spatial_search")
    view = pareto_view(trials, limit=config.search.max_gmacs, title=f"{config.name}: {config.space.name}")
    html, png = folder.path / "pareto.html", folder.path / "pareto.png"
    write_pareto_html(view, html)
    write_pareto_png(view, png)
    context.tracking.log_artifacts(html, png, folder.config, folder.environment, folder.best)
    console.print(front_table(trials))
    best = json.loads(folder.best.read_text())
    console.print(
        f"best subnet {best['key']}: AP {best['ap']:.3f} at {best['gmacs']:.4f} GMACs; "
        f"untrained, the same architecture has AP {best['ap_untrained']:.3f}",
        highlight=False,
    )

"""The Pareto figure twice from one view: a page to explore offline, and a PNG to print."""

from __future__ import annotations

import io
from html import escape
from pathlib import Path
from textwrap import fill
from typing import Any

import matplotlib as mpl
import pandas as pd
import plotly.graph_objects as go
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter

from analysis.files import write_whole
from analysis.pareto_view import ParetoView

# Okabe and Ito's colours: told apart in print and by colour-blind readers.
DOTS, FRONT, BEST, LIMIT = "#7B8A96", "#0072B2", "#D55E00", "#444444"
TITLE_CHARACTERS = 80
PRINT: dict[Any, Any] = {
    "font.family": "DejaVu Sans",  # comes with matplotlib: the same letters on every machine
    "font.size": 9,
    "axes.labelsize": 10,
    "legend.fontsize": 8.5,
    "legend.title_fontsize": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "text.parse_math": False,  # a name may have dollar signs
}


def write_pareto_html(view: ParetoView, path: Path) -> Path:
    """Write an interactive page that needs no network (about 5 MB, plotly's script is inside).

    Hovering over a trial shows its architecture and the parts of its AP. Of many trials the front is drawn
    whole and some others; the legend says how many.
    """
    plot = pareto_plotly(view).to_html(
        full_html=False,
        include_plotlyjs=True,
        div_id="pareto",
        default_height="100%",
        config={
            "displaylogo": False,
            "showSendToCloud": False,  # plotly's default offers to upload the chart to its company
            "responsive": True,
            "modeBarButtonsToRemove": ["select2d", "lasso2d"],
            "toImageButtonOptions": {"scale": 3},
        },
    )
    page = (
        f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(view.title)}</title>'
        "<style>html,body{height:100%;margin:0}body>div{height:100%}</style></head>"
        f"<body>{plot}</body></html>\n"
    )
    return write_whole(path, page.encode())


def write_pareto_png(view: ParetoView, path: Path) -> Path:
    """Write the figure for print: 6.4 by 4.2 inches at 300 dots per inch."""
    buffer = io.BytesIO()
    with mpl.rc_context(PRINT):  # ticks are made while drawing, so the style must still hold
        FigureCanvasAgg(pareto_matplotlib(view)).print_figure(buffer, format="png", dpi=300)
    return write_whole(path, buffer.getvalue())


def pareto_matplotlib(view: ParetoView) -> Figure:
    """The printed figure: a dot for each trial, the front as a step line, the best one marked.

    All texts stand outside the axes, so none hides a trial.
    """
    with mpl.rc_context(PRINT):
        figure = Figure(figsize=(6.4, 4.2), layout="constrained")
        axes = figure.add_subplot(xlabel=view.x.label, ylabel=view.y.label)
        axes.grid(color="#E6E6E6", linewidth=0.6)
        axes.margins(0.05, 0.07)
        _draw(axes, view)
        for axis, of in ((axes.xaxis, view.x), (axes.yaxis, view.y)):
            if view.trials[of.name].abs().max() >= 10_000:
                axis.set_major_formatter(EngFormatter(sep=""))  # 3M, where 3 and a distant 1e6 would stand
        handles, labels = axes.get_legend_handles_labels()
        figure.legend(
            handles,
            labels,
            loc="outside upper center",
            ncols=len(labels) if len("".join(labels)) < 75 else 2,
            frameon=False,
            columnspacing=1.4,
            handlelength=1.6,
            title=fill(view.title, TITLE_CHARACTERS),
        )
    return figure


def _draw(axes: Any, view: ParetoView) -> None:
    x, y = view.x.name, view.y.name
    axes.scatter(view.trials[x], view.trials[y], s=18, color=DOTS, alpha=0.85, linewidths=0, label="trials")
    front = {"color": FRONT, "linewidth": 1.5, "marker": "o", "markersize": 4.5, "label": "Pareto front"}
    axes.step(view.front[x], view.front[y], where="post", **front)
    if view.limit is not None:
        axes.axvline(view.limit, color=LIMIT, linewidth=1, linestyle=(0, (5, 3)), label=view.limit_text)
    if view.best is not None:
        star = {"marker": "*", "markersize": 13, "markeredgecolor": "white", "markeredgewidth": 0.7}
        axes.plot(
            view.best[x], view.best[y], color=BEST, linestyle="none", zorder=5, label=view.best_text, **star
        )


def pareto_plotly(view: ParetoView) -> go.Figure:
    """The interactive figure, the same content as the printed one."""
    figure = go.Figure(layout=_layout(view))
    figure.add_scatter(
        **_points(view, view.drawn), mode="markers", name=view.drawn_text, marker={"color": DOTS, "size": 8}
    )
    figure.add_scatter(
        **_points(view, view.front),
        mode="lines+markers",
        name="Pareto front",
        line={"shape": "hv", "color": FRONT, "width": 2},
        marker={"size": 9},
    )
    if view.limit is not None:
        line = {"color": LIMIT, "dash": "dash", "width": 1.5}
        figure.add_vline(view.limit, line=line, opacity=1, name=escape(view.limit_text), showlegend=True)
    if view.best is not None:
        figure.add_scatter(
            **_points(view, view.best.to_frame().T),
            mode="markers",
            name=escape(view.best_text),
            marker={"symbol": "star", "size": 17, "color": BEST, "line": {"color": "white", "width": 1}},
        )
    return figure


def _layout(view: ParetoView) -> go.Layout:
    title = escape(fill(view.title, TITLE_CHARACTERS)).replace("\n", "<br>")
    grid = {"showgrid": True, "gridcolor": "#EEEEEE"}
    return go.Layout(
        template="simple_white",
        title={"text": title, "x": 0.5, "y": 0.98, "yanchor": "top", "font": {"size": 17}},
        font={"size": 14},
        hoverlabel={"align": "left", "bgcolor": "white", "font": {"size": 13}},
        legend={"orientation": "h", "x": 0.5, "xanchor": "center", "y": 1.0, "yanchor": "bottom"},
        margin={"l": 80, "r": 30, "t": 105, "b": 70},
        xaxis={"title": {"text": escape(view.x.label)}, **grid},
        yaxis={"title": {"text": escape(view.y.label)}, **grid},
    )


def _points(view: ParetoView, rows: pd.DataFrame) -> dict[str, Any]:
    texts = [[escape(line) for line in view.lines(row)] for _, row in rows.iterrows()]
    hover = ["<br>".join([f"<b>{heading}</b>", *others]) for heading, *others in texts]
    values = {"x": list(rows[view.x.name]), "y": list(rows[view.y.name])}
    return {**values, "hovertext": hover, "hovertemplate": "%{hovertext}<extra></extra>"}

"""A found allocation as a picture after Figure 5: networks side by side, heatmaps passed between them."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path
from textwrap import fill
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

from analysis.allocation_table import FoundAllocation, heading, part_text, summary
from analysis.figures import PRINT
from analysis.files import write_whole

BOX, KEY_BOX, GUIDE = "#CFE3F1", "#E3E3E3", "#D55E00"
COLUMN_IN, ROW_IN = 1.9, 0.42  # inches on paper
WIDTH, HEIGHT = 0.74, 0.56  # of the widest box, in columns and rows
GUTTER = 0.5  # columns from a network's middle to the way of the heatmaps on its left
FIGURE_LEGEND = "{depth, width, kernel, groups}, a attention, x expansion; heatmaps by + add, × mul, C cat"
SYMBOLS = {"add": "+", "mul": "×", "cat": "C"}


def write_allocation_png(found: FoundAllocation, path: Path) -> Path:
    """Writes the picture of a found allocation to `path`, 200 dots per inch; returns `path`."""
    buffer = io.BytesIO()
    with mpl.rc_context(PRINT):
        FigureCanvasAgg(allocation_figure(found)).print_figure(buffer, format="png", dpi=200)
    return write_whole(path, buffer.getvalue())


def allocation_figure(found: FoundAllocation) -> Figure:
    """A column a frame, images enter above. A narrower box has fewer of the key frame's channels."""
    frames, parts = found["frames"], list(found["frames"][0]["parts"])
    rows = len(parts) + 1
    size = (COLUMN_IN * len(frames) + 0.9, ROW_IN * (rows + 2.2))
    figure = Figure(figsize=size, layout="constrained")
    axes = figure.add_subplot()
    axes.set(xlim=(-0.95, len(frames) - 0.42), ylim=(rows + 0.2, -0.8))
    axes.axis("off")
    for row, name in enumerate([*parts, "heatmaps"]):
        axes.text(-0.93, row, name, va="center", color="#555555", fontsize=8, parse_math=False)
    for column, frame in enumerate(frames):
        _network(axes, column, frame, frames[0]["parts"])
        if frame["fusion"] is not None:
            _fusion(axes, column, parts.index(frame["fusion"]["behind"]), len(parts), frame["fusion"])
    figure.suptitle(fill(summary(found), 30 * len(frames)), fontsize=9, parse_math=False)
    figure.supxlabel(fill(FIGURE_LEGEND, 36 * len(frames)), fontsize=7.5, style="italic")
    return figure


def _network(
    axes: Axes, column: int, frame: Mapping[str, Any], key_parts: Mapping[str, Mapping[str, Any]]
) -> None:
    axes.text(column, -0.6, heading(frame), ha="center", va="center", fontweight="bold")
    colour = BOX if frame["frame"] else KEY_BOX
    for row, (name, part) in enumerate(frame["parts"].items()):
        share = part["width"] / key_parts[name]["width"]
        _box(axes, column, row, WIDTH * (0.35 + 0.65 * share), colour, part_text(part))
    below = len(frame["parts"])
    _box(axes, column, below, 0.36, "#FBE3D3", f"$H^{{t+{frame['frame']}}}$" if frame["frame"] else "$H^{t}$")
    figures = f"{frame['gmacs']:.4f} GMACs\nAP {100 * frame['ap']:.1f}"
    axes.text(column, below + 0.72, figures, ha="center", va="center", fontsize=8.5)


def _box(axes: Axes, column: float, row: float, width: float, colour: str, text: str) -> None:
    corner = (column - width / 2, row - HEIGHT / 2)
    style = "round,pad=0,rounding_size=0.05"
    axes.add_patch(
        FancyBboxPatch(corner, width, HEIGHT, boxstyle=style, facecolor=colour, edgecolor="#666666", lw=0.6)
    )
    axes.text(column, row, text, ha="center", va="center", fontsize=7.5, parse_math=True)


def _fusion(axes: Axes, column: int, behind: int, heatmaps: int, fusion: Mapping[str, Any]) -> None:
    """Draws a fusion's arrow: from the last frame's heatmaps up between the networks, in behind a part."""
    way, entry = column - GUTTER, behind + 0.5
    axes.plot([column - 1 + 0.18, way, way], [heatmaps, heatmaps, entry], color=GUIDE, lw=1.2)
    arrow = {"arrowstyle": "-|>", "color": GUIDE, "lw": 1.2, "shrinkA": 0, "shrinkB": 5}
    axes.annotate("", (column, entry), (way, entry), arrowprops=arrow)
    ring = {"boxstyle": "circle,pad=0.12", "facecolor": "white", "edgecolor": GUIDE, "linewidth": 1.1}
    axes.text(column, entry, SYMBOLS[fusion["operation"]], ha="center", va="center", fontsize=7, bbox=ring)

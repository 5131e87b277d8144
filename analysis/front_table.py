"""The Pareto front as a table: a DataFrame for notebooks, rich and plain text for a terminal."""

from __future__ import annotations

import io
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import final

import pandas as pd
from rich.box import SIMPLE_HEAD
from rich.console import Console, ConsoleOptions, Group, RenderResult
from rich.measure import Measurement
from rich.table import Column, Table
from rich.text import Text

from analysis.architecture import architecture_line, stage_texts
from analysis.pareto import OBJECTIVES, pareto_front
from analysis.trials import column

SHOWN = ("key", "gmacs", "params_m", "ap", "ap50", "ap75", "ar")
HEADINGS = dict(zip(SHOWN, ("key", "GMACs", "params M", "AP", "AP50", "AP75", "AR"), strict=True))
LEGEND = "d depth, w width, k kernel, g groups, +att attention, x expansion"


def front_frame(trials: pd.DataFrame, objectives: Sequence[str] = OBJECTIVES) -> pd.DataFrame:
    """The front: key, gmacs, params_m (millions), AP and its parts, other objectives, architecture line."""
    front = pareto_front(trials, objectives)
    front["params_m"] = front["params"] / 1e6
    others = [name for name in objectives if name not in (*SHOWN, "params")]
    shown = front[[*SHOWN, *others]].copy()
    shown["architecture"] = [architecture_line(text) for text in front["architecture"]]
    return shown


def front_table(trials: pd.DataFrame, objectives: Sequence[str] = OBJECTIVES) -> Group:
    """The front for a rich console: a row of figures for each member, the best of the last objective bold,
    then the architectures by row number, broken only between stages. Both read well on 80 columns.
    """
    front = pareto_front(trials, objectives)
    best = _best_row(trials, front, objectives[-1])
    styles = ["bold" if index == best else "" for index in range(len(front))]
    figures = _figures(trials, front_frame(trials, objectives).drop(columns="architecture"), styles)
    architectures = Table.grid(Column(justify="right"), "architecture", padding=(0, 1))
    for number, (style, text) in enumerate(zip(styles, front["architecture"], strict=True), 1):
        architectures.add_row(str(number), _Stages(stage_texts(text)), style=style)
    runs = ", ".join(sorted(set(trials["run"])))
    title = Text(f"Pareto front of {runs}: {len(front)} of {counted(trials)}\n")
    return Group(title, figures, Text(f"\n{LEGEND}", style="italic"), architectures)


def front_text(trials: pd.DataFrame, objectives: Sequence[str] = OBJECTIVES, *, width: int = 120) -> str:
    """The table as plain text at most `width` characters wide: for logs and files."""
    console = Console(file=io.StringIO(), width=width, color_system=None, legacy_windows=False)
    with console.capture() as captured:
        console.print(front_table(trials, objectives))
    return captured.get()


def _figures(trials: pd.DataFrame, numbers: pd.DataFrame, styles: Sequence[str]) -> Table:
    table = Table(box=SIMPLE_HEAD, show_edge=False, padding=(0, 0, 0, 1))
    table.add_column("", justify="right", no_wrap=True)
    table.add_column("key", overflow="fold")
    for name in numbers.columns[1:]:
        table.add_column(HEADINGS.get(name) or column(trials, name).label, justify="right", no_wrap=True)
    rows = zip(*(_texts(numbers[name]) for name in numbers), strict=True)
    for number, (style, cells) in enumerate(zip(styles, rows, strict=True), 1):
        table.add_row(str(number), *map(Text, cells), style=style)  # Text: brackets are no markup
    return table


def counted(trials: pd.DataFrame) -> str:
    """How many trials there are, as in `38 finished trials, 2 failed`."""
    failed = int(trials["failed"].sum())
    return f"{len(trials) - failed} finished trials" + (f", {failed} failed" if failed else "")


@final
@dataclass(frozen=True)
class _Stages:
    """Stages on as few lines as the cell's width allows, broken only between stages."""

    texts: tuple[str, ...]

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        narrowest = max(map(len, self.texts), default=1) + len(" |")
        widest = max(narrowest, len(" | ".join(self.texts)))
        return Measurement(min(narrowest, options.max_width), min(widest, options.max_width))

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for line in wrap_stages(self.texts, options.max_width):
            yield Text(line)


def wrap_stages(texts: Sequence[str], width: int) -> list[str]:
    """Lines of at most `width` characters (a longer stage keeps its own line), divided by ` | `."""
    if len(" | ".join(texts)) <= width:
        return [" | ".join(texts)]
    lines: list[str] = []
    for index, text in enumerate(texts):
        end = "" if index == len(texts) - 1 else " |"
        if lines and len(f"{lines[-1]} | {text}{end}") <= width:
            lines[-1] += f" | {text}"
        else:
            lines.append(text)
    return [f"{line} |" for line in lines[:-1]] + lines[-1:]


def _best_row(trials: pd.DataFrame, front: pd.DataFrame, objective: str) -> int | None:
    if front.empty:
        return None
    values = front[objective]
    return int(values.argmax() if column(trials, objective).direction == "maximize" else values.argmin())


def _texts(values: pd.Series) -> list[str]:
    if not pd.api.types.is_float_dtype(values):
        return [str(value) for value in values]
    digits = decimals(values)
    return ["-" if math.isnan(value) else f"{value:.{digits}f}" for value in values]


def decimals(values: Iterable[float]) -> int:
    """Decimals that give the largest value three significant digits: at least 3, at most 6."""
    largest = max((abs(value) for value in values if math.isfinite(value)), default=0.0)
    return 3 if largest == 0 else min(6, max(3, 2 - math.floor(math.log10(largest))))

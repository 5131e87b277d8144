"""The paper's four comparisons as tables: which runs stand in which line, and what the paper has there."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, final

import numpy as np

Method = Literal["allocation", "no fusion", "shared", "spatial", "key frame"]
Cell = str | int | float | None
BACKBONES = {"resnet50": "ResNet-50", "mobilenetv3": "MobileNetV3"}  # of the paper's PoseTrack18 figures
DECIMALS = {"T": 0, "bound": 4, "GMACs": 4}  # of figures in markdown; all else has one


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What one run's networks are worth: one figure in one line of a table."""

    run: str
    method: Method
    frames: int  # T; 0 where every frame is a key frame
    bound: float | None  # GMACs of the average frame that the search was given
    gmacs: float  # of one person and frame on average, key frames included
    ap: float  # PoseTrack18's, percent, over everybody in every frame


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of a comparison."""

    says: str
    method: Method
    frames: int | None = None  # T; by default that of the runs compared, for any
    paper: Mapping[str, float] | None = None  # mAP by space

    def takes(self, entry: Entry) -> bool:
        return entry.method == self.method and self.frames in (None, entry.frames)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """One table; the last line is what the others are measured against."""

    title: str
    paper: str  # at what, and what its text says
    lines: tuple[Line, ...]


def _ours(frames: int) -> Line:
    paper = {"resnet50": 81.6, "mobilenetv3": 78.2}
    return Line(says="T-ViPNAS, allocated to frames", method="allocation", frames=frames, paper=paper)


def comparisons(frames: int) -> tuple[Comparison, ...]:
    """The paper's four comparisons, `frames` being T of the run that the controls belong to."""
    in_picture = Line(says="T-ViPNAS, allocated to frames", method="allocation", frames=frames)
    return (
        Comparison(
            title="Temporal-level search (Table 3)",
            paper="at 0.82 GMACs with ResNet-50, 0.37 with MobileNetV3; Table 1 has the key frame's network",
            lines=(
                Line(says="S-ViPNAS, the key frame's network on every frame", method="key frame",
                     paper={"resnet50": 83.2, "mobilenetv3": 81.1}),
                Line(says="S-ViPNAS, searched at equal GMACs", method="spatial",
                     paper={"resnet50": 80.3, "mobilenetv3": 77.2}),
                _ours(frames),
            ),
        ),
        Comparison(
            title="Temporal feature fusion (Figure 6a)",
            paper="figures in a picture only: better with fusion at each of 0.8 to 1.2 GMACs",
            lines=(Line(says="T-ViPNAS without fusion", method="no fusion", frames=frames), in_picture),
        ),
        Comparison(
            title="Automatic computation allocation (Figure 6b)",
            paper="figures in a picture only: better by at least 0.5 at each of 0.8 to 1.2 GMACs",
            lines=(Line(says="T-ViPNAS, one choice for all", method="shared", frames=frames), in_picture),
        ),
        Comparison(
            title="Number of propagation frames (Table 4)",
            paper="at 1.0 GMACs with ResNet-50, one supernet trained with T = 3",
            lines=tuple(
                Line(says=f"T-ViPNAS, T = {each}", method="allocation", frames=each, paper=paper)
                for each, paper in _propagation(frames).items()
            ),
        ),
    )  # fmt: skip


def _propagation(frames: int) -> dict[int, dict[str, float]]:
    """The lines of Table 4, one a T; `frames` comes last, as what the others are measured against."""
    known = {2: {"resnet50": 81.7}, 3: {"resnet50": 81.7}, 4: {"resnet50": 81.4}}
    ours = known.pop(frames, {})
    return known | {frames: ours}


def rows_of(comparison: Comparison, entries: Sequence[Entry]) -> list[dict[str, Cell]]:
    """A row for each line and bound that has runs; several runs of one line, as of several seeds, are pooled.

    `difference` is how much the last line has more, on average over all runs of both at that bound.
    """
    bounds = sorted({entry.bound for entry in entries}, key=lambda bound: (bound is None, bound))
    return [row for bound in bounds for row in _rows_at(comparison, bound, entries)]


def _rows_at(
    comparison: Comparison, bound: float | None, entries: Sequence[Entry]
) -> Iterable[dict[str, Cell]]:
    here = [entry for entry in entries if entry.bound == bound]
    reference = [entry.ap for entry in here if comparison.lines[-1].takes(entry)]
    for line in comparison.lines:
        taken = [entry for entry in here if line.takes(entry)]
        if not taken:
            continue
        aps, is_last = [entry.ap for entry in taken], line is comparison.lines[-1]
        difference = None if is_last or not reference else float(np.mean(reference) - np.mean(aps))
        yield {
            "method": line.says,
            "T": taken[0].frames,
            "bound": bound,
            "GMACs": float(np.mean([entry.gmacs for entry in taken])),
            "AP": float(np.mean(aps)),
            "difference": difference,
            "each run's AP": ", ".join(f"{ap:.1f}" for ap in aps),
            **{f"paper, {name}": (line.paper or {}).get(space) for space, name in BACKBONES.items()},
        }


def as_markdown(entries: Sequence[Entry], frames: int, scored_on: str) -> str:
    """Markdown of the four comparisons; `scored_on` says which videos AP is of."""
    parts = (
        f"## {each.title}\n\n{_markdown_table(rows_of(each, entries))}\n\nThe paper: {each.paper}.\n"
        for each in comparisons(frames)
    )
    return COMPARISON_LEGEND.format(scored_on=scored_on) + "\n".join(parts)


def as_csv(entries: Sequence[Entry], frames: int) -> str:
    """CSV of every comparison's rows, not rounded, with the comparison's name."""
    rows: list[dict[str, Cell]] = [
        {"comparison": each.title, **row} for each in comparisons(frames) for row in rows_of(each, entries)
    ]
    return csv_text(rows)


def csv_text(rows: Sequence[Mapping[str, Cell]]) -> str:
    """CSV of `rows`: the first row's names are the header, None is an empty cell."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]) if rows else [], lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


COMPARISON_LEGEND = """# The paper's comparisons

AP is PoseTrack18's in percent, over everybody in every frame, boxes as labelled. Videos: {scored_on}.
GMACs are those of one person and frame on average, key frames included. `bound` is what a search was given.
S-ViPNets are trained alone and finetuned, T-ViPNets are trained alone where a run has temporal_retrain.
Without fusion: the networks that were found with it, trained alone as long; none of them sees heatmaps.
`difference` is by how much the last line is better.

"""


def _markdown_table(rows: Sequence[Mapping[str, Cell]]) -> str:
    if not rows:
        return "No run for this comparison."
    lines: list[list[str]] = [list(rows[0]), ["---"] * len(rows[0])]
    lines += [[_shown(name, cell) for name, cell in row.items()] for row in rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _shown(name: str, cell: Cell) -> str:
    if cell is None:
        return "-"
    return cell if isinstance(cell, str) else f"{cell:.{DECIMALS.get(name, 1)}f}"

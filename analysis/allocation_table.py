"""A found allocation as a table: what each frame's network is, where heatmaps come in, what it costs.

Reads what the stage temporal_search leaves in allocation.json.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Group
from rich.table import Column, Table
from rich.text import Text

TABLE_LEGEND = (
    "{depth, width, kernel, groups}, a attention, x expansion; + where the last frame's heatmaps come in"
)

FoundAllocation = Mapping[str, Any]


def allocation_table(found: FoundAllocation) -> Group:
    """A found allocation after Figure 5: a column a frame, a row a part, GMACs and AP below.

    It fits 80 columns up to T = 3.
    """
    frames = found["frames"]
    columns = [Column(heading(frame), overflow="fold") for frame in frames]
    table = Table(Column("", no_wrap=True), *columns, box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for part in frames[0]["parts"]:
        table.add_row(*map(Text, (part, *(_cell(frame, part) for frame in frames))))
    table.add_section()
    table.add_row("GMACs", *(f"{frame['gmacs']:.4f}" for frame in frames))
    table.add_row("params", *(f"{frame['params'] / 1e6:.3f} M" for frame in frames))
    table.add_row("AP", *(f"{100 * frame['ap']:.1f}" for frame in frames))
    return Group(Text(summary(found)), table, Text(TABLE_LEGEND, style="italic"))


def summary(found: FoundAllocation) -> str:
    """One line: the averages that are searched and reported."""
    frames = len(found["frames"]) - 1
    return (
        f"allocation {found['key']}: AP {100 * found['ap']:.1f} over its {frames} "
        f"frame{'s' * (frames > 1)}, {100 * found['ap_all']:.1f} with key frames; "
        f"{found['gmacs']:.4f} GMACs a frame on average"
    )


def heading(frame: Mapping[str, Any]) -> str:
    """What the frame is called."""
    return f"t+{frame['frame']}" if frame["frame"] else "key frame"


def part_text(part: Mapping[str, Any]) -> str:
    """One part in the letters of Figure 5."""
    numbers = ",".join(str(part[name]) for name in ("depth", "width", "kernel", "groups"))
    expansion = "" if part["expansion"] == 1 else f" x{part['expansion']}"
    return f"{{{numbers}}}{'a' if part['attention'] else ''}{expansion}"


def _cell(frame: Mapping[str, Any], part: str) -> str:
    fusion: Mapping[str, Any] | None = frame["fusion"]
    lines: Sequence[str] = (part_text(frame["parts"][part]),)
    if fusion is not None and fusion["behind"] == part:
        lines = (*lines, f"+ {fusion['operation']}")
    return "\n".join(lines)

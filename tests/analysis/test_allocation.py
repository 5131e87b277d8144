from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text
from rich.console import Console

from analysis.allocation_figure import allocation_figure, write_allocation_png
from analysis.allocation_table import allocation_table, part_text, summary

KEY = {"depth": 2, "width": 32, "kernel": 5, "groups": 8, "attention": True, "expansion": 3}
LESS = KEY | {"depth": 1, "width": 16, "kernel": 3, "attention": False}


def frame(number: int, part: dict[str, Any], fusion: dict[str, Any] | None, ap: float) -> dict[str, Any]:
    return {
        "frame": number, "parts": {"stem": part, "stage1": part, "head": part | {"expansion": 1}},
        "fusion": fusion, "gmacs": 0.5 / (number + 1), "params": 1_200_000, "ap": ap,
    }  # fmt: skip


@pytest.fixture
def found() -> dict[str, Any]:
    """A key frame, one frame that fuses behind stage1, and one without fusion."""
    fusion = {"stage": 1, "operation": "cat", "behind": "stage1"}
    frames = [frame(0, KEY, None, 0.8), frame(1, LESS, fusion, 0.7), frame(2, LESS, None, 0.6)]
    return {"key": "t-toy-1", "gmacs": 0.3, "params": 9, "ap": 0.65, "ap_all": 0.7, "frames": frames}


def texts(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.findobj(Text)]


def test_a_part_is_written_as_in_figure_5() -> None:
    assert part_text(KEY) == "{2,32,5,8}a x3"
    assert part_text(LESS | {"expansion": 1}) == "{1,16,3,8}"


def test_the_summary_has_the_objective_and_the_average() -> None:
    one = {"key": "k", "ap": 0.5, "ap_all": 0.75, "gmacs": 0.25, "frames": [None, None]}
    assert summary(one) == (
        "allocation k: AP 50.0 over its 1 frame, 75.0 with key frames; 0.2500 GMACs a frame on average"
    )


def printed(found: dict[str, Any], width: int) -> str:
    console = Console(file=io.StringIO(), width=width, color_system=None)
    with console.capture() as captured:
        console.print(allocation_table(found))
    return captured.get()


def test_the_table_has_a_column_a_frame_and_the_fusion_under_its_stage(found: dict[str, Any]) -> None:
    lines = printed(found, width=120).splitlines()
    row = {line.split()[0]: number for number, line in enumerate(lines) if line.strip()}
    assert lines[row["key"]].split() == ["key", "frame", "t+1", "t+2"]
    assert lines[row["stage1"]].split()[1:] == ["{2,32,5,8}a", "x3", *["{1,16,3,8}", "x3"] * 2]
    assert lines[row["stage1"] + 1].strip() == "+ cat"
    assert lines[row["GMACs"]].split()[1:] == ["0.5000", "0.2500", "0.1667"]
    assert lines[row["AP"]].split()[1:] == ["80.0", "70.0", "60.0"]


def test_three_frames_fit_a_narrow_terminal_without_losing_a_letter(found: dict[str, Any]) -> None:
    found["frames"].append(frame(3, KEY, None, 0.5))
    text = printed(found, width=80)
    assert max(map(len, text.splitlines())) <= 80
    assert text.count("{2,32,5,8}a") == 6
    assert "…" not in text


def test_the_picture_shows_every_network_and_one_way_of_heatmaps_for_each_fusion(
    found: dict[str, Any],
) -> None:
    figure = allocation_figure(found)
    shown = texts(figure)
    assert shown.count("{1,16,3,8} x3") == 4
    assert shown.count("C") == 1
    (axes,) = figure.axes
    (way,) = axes.lines
    assert np.asarray(way.get_ydata()).tolist() == [3, 3, 1.5]  # from the heatmaps, behind stage1


def test_narrower_parts_are_drawn_narrower(found: dict[str, Any]) -> None:
    (axes,) = allocation_figure(found).axes
    widths = [round(float(patch.get_width()), 3) for patch in axes.patches]  # type: ignore[attr-defined]
    assert widths[0] > widths[4] == widths[8]


def test_the_picture_is_written_whole(found: dict[str, Any], tmp_path: Path) -> None:
    path = write_allocation_png(found, tmp_path / "new" / "allocation.png")
    assert path.read_bytes().startswith(b"\x89PNG")
    assert [each.name for each in path.parent.iterdir()] == ["allocation.png"]

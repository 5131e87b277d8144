"""The Pareto figure, printed and interactive."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib.image
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from analysis.errors import AnalysisError
from analysis.figures import pareto_matplotlib, pareto_plotly, write_pareto_html, write_pareto_png
from analysis.pareto_view import pareto_view
from analysis.trials import read_trials

MakeRow = Callable[..., dict[str, Any]]
WriteRun = Callable[..., Path]


@pytest.fixture
def three(row: MakeRow, failed: MakeRow, write: WriteRun) -> Path:
    """Two trials on the front, one below it, one failed."""
    below = row(2, gmacs=0.3, ap=0.35)
    return write([row(0, gmacs=0.5, ap=0.6), row(1, gmacs=0.2, ap=0.4), below, failed(3, gmacs=0.1)])


def test_the_view_says_what_is_shown(three: Path) -> None:
    view = pareto_view(read_trials(three), limit=0.55)
    assert view.title == "synthetic: 3 finished trials, 1 failed, 2 on the front"
    assert view.best_text == "best: AP 0.600 at 0.500 GMACs"
    assert view.limit_text == "limit: ≤ 0.55 GMACs"
    assert len(view.trials) == 3


def test_the_best_lies_within_the_limit(three: Path) -> None:
    trials = read_trials(three)
    assert pareto_view(trials, limit=0.45).best_text == "best: AP 0.400 at 0.200 GMACs"
    assert pareto_view(trials, limit=0.1).best is None
    turned = pareto_view(trials, "ap", "gmacs", limit=0.5)
    assert turned.best_text == "best: 0.500 GMACs at 0.600 AP"
    assert turned.limit_text == "limit: ≥ 0.5 AP"


def test_hovering_tells_the_architecture_and_the_parts_of_ap(row: MakeRow, write: WriteRun) -> None:
    one = row(7, ap=0.5, ap50=0.8, ap75=0.6, ap_medium=-1.0, ap_large=0.55, ar=0.57, params=1_234_567)
    lines = pareto_view(trials := read_trials(write([one]))).lines(trials.iloc[0])
    assert lines[:5] == [
        "mobilenetv3-0000000000000007 (trial 7)",
        "Computation (GMACs): 0.500",
        "Parameters: 1,234,567",
        "AP: 0.500",
        "AP50 0.800, AP75 0.600, AP large 0.550, AR 0.570",
    ]
    assert lines[6] == "stem w16 k3"


def test_nothing_to_draw_is_said(failed: MakeRow, write: WriteRun) -> None:
    with pytest.raises(AnalysisError, match=r"has both 'gmacs' and 'ap'.*0 finished trials, 1 failed"):
        pareto_view(read_trials(write([failed(0)])))


def test_the_png_has_print_size(synthetic_run: Path, tmp_path: Path) -> None:
    path = write_pareto_png(
        pareto_view(read_trials(synthetic_run), limit=0.6), tmp_path / "new" / "pareto.png"
    )
    assert matplotlib.image.imread(path).shape[:2] == (1260, 1920)
    assert [each.name for each in path.parent.iterdir()] == ["pareto.png"]


def test_the_same_trials_give_the_same_files(synthetic_run: Path, tmp_path: Path) -> None:
    for write in (write_pareto_png, write_pareto_html):
        once, again = (write(pareto_view(read_trials(synthetic_run)), tmp_path / name) for name in "ab")
        assert once.read_bytes() == again.read_bytes()


def test_axes_carry_the_units_of_the_schema(three: Path) -> None:
    view = pareto_view(read_trials(three), title="A title")
    figure = pareto_matplotlib(view)
    assert (figure.axes[0].get_xlabel(), figure.axes[0].get_ylabel()) == ("Computation (GMACs)", "AP")
    assert figure.legends[0].get_title().get_text() == "A title"
    layout = pareto_plotly(view).layout
    assert (layout.xaxis.title.text, layout.yaxis.title.text) == ("Computation (GMACs)", "AP")
    assert layout.title.text == "A title"


def test_large_numbers_are_short_on_the_axis_and_whole_in_the_legend(three: Path) -> None:
    view = pareto_view(read_trials(three), "params", "ap", limit=3_000_000)
    assert view.limit_text == "limit: ≤ 3,000,000 parameters"
    assert view.best_text == "best: AP 0.600 at 1,000,000 parameters"
    assert pareto_matplotlib(view).axes[0].xaxis.get_major_formatter()(3_000_000) == "3M"


def test_the_front_steps_from_member_to_member_and_never_above_one(three: Path) -> None:
    view = pareto_view(read_trials(three))
    (step, _best) = pareto_matplotlib(view).axes[0].lines
    assert step.get_drawstyle() == "steps-post"
    assert np.asarray(step.get_xdata()).tolist() == [0.2, 0.5]
    front = pareto_plotly(view).data[1]
    assert (list(front.x), list(front.y), front.line.shape) == ([0.2, 0.5], [0.4, 0.6], "hv")


@pytest.mark.parametrize("title", ["short", "a very long title of a run " * 8])
@pytest.mark.parametrize(
    ("x", "y", "limit"), [("gmacs", "ap", 0.5), ("params", "ap_large", 3e6), ("ap", "gmacs", 0.5)]
)
def test_no_text_leaves_the_page_or_lies_on_the_axes(
    synthetic_run: Path, title: str, x: str, y: str, limit: float
) -> None:
    figure = pareto_matplotlib(pareto_view(read_trials(synthetic_run), x, y, limit=limit, title=title))
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    legend = figure.legends[0].get_window_extent()
    page, plot = figure.bbox, figure.axes[0].get_window_extent()
    assert legend.y0 >= plot.y1
    assert legend.x0 >= page.x0
    assert legend.x1 <= page.x1
    assert legend.y1 <= page.y1
    assert plot.height > page.height / 2


def test_the_page_loads_nothing_from_the_network(synthetic_run: Path, tmp_path: Path) -> None:
    path = write_pareto_html(pareto_view(read_trials(synthetic_run), limit=0.6), tmp_path / "pareto.html")
    page = path.read_text()
    assert not re.search(r"<(script|img|iframe)[^>]*\ssrc=|<link[^>]*\shref=", page)
    assert page.startswith("<!DOCTYPE html>")
    assert "Plotly.newPlot" in page
    assert '"showSendToCloud": false' in page


def test_of_many_trials_the_front_is_drawn_whole_and_it_is_said_how_many_others_are(
    row: MakeRow, write: WriteRun
) -> None:
    many = [row(trial, gmacs=1 + trial / 5000, ap=0.4) for trial in range(1, 5000)]
    best = [
        row(trial, gmacs=0.1 * trial, ap=0.05 * trial, key=f"best-{trial}") for trial in range(5001, 5010)
    ]
    view = pareto_view(read_trials(write([row(0, gmacs=0.5, ap=0.5), *many, *best])))
    trials, front = pareto_plotly(view).data[:2]
    assert len(trials.x) == len(set(zip(trials.x, trials.hovertext, strict=True))) == 2000
    assert trials.name == "trials (2,000 of 5,009 drawn)"
    assert list(front.x) == view.front["gmacs"].tolist()
    assert len(front.x) == 10


def test_text_from_the_data_is_shown_as_text(row: MakeRow, write: WriteRun, tmp_path: Path) -> None:
    view = pareto_view(read_trials(write([row(0, run="<b>&", key="<i>")])))
    hover = pareto_plotly(view).data[0].hovertext[0]
    assert hover.startswith("<b>&lt;i&gt; (trial 0)</b><br>")
    assert "<title>&lt;b&gt;&amp;: 1" in write_pareto_html(view, tmp_path / "page.html").read_text()


def test_a_folder_that_cannot_be_written_is_named(three: Path) -> None:
    path = three / "trials.parquet" / "part-00000.parquet" / "figure.png"
    with pytest.raises(AnalysisError, match=r"cannot write .*00000\.parquet/figure\.png: .*Choose a folder"):
        write_pareto_png(pareto_view(read_trials(three)), path)

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest
from rich.console import Console

from platform.terminal import progress as console
from platform.terminal.progress import StageProgress


class Clock:
    """Seconds that pass when the test says so."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def monotonic(self) -> float:
        return self.now_s


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(console, "time", made)
    return made


def shown(clock: Clock, times: list[tuple[float, int]], total: int = 100) -> list[str]:
    """The lines in a file after `done` of `total` steps are reported at each of the given seconds."""
    out = io.StringIO()
    with StageProgress(Console(file=out, width=200), "stage", total) as progress:
        for second, done in times:
            clock.now_s = 100.0 + second
            progress.show(done, f"step {done}")
    return out.getvalue().splitlines()


def test_a_file_gets_plain_lines_at_most_every_15_seconds_and_one_at_the_end(clock: Clock) -> None:
    lines = shown(clock, [(1, 10), (5, 30), (16, 60), (20, 80), (22, 100)])
    assert [line.rpartition(": ")[2] for line in lines] == ["step 60", "step 100"]


def test_time_left_counts_from_the_first_report_so_that_start_up_is_no_step(clock: Clock) -> None:
    assert shown(clock, [(50, 0), (60, 10), (70, 20)]) == [
        "stage 0/100, time left unknown: step 0", "stage 20/100, 80 s left: step 20",
    ]  # fmt: skip


def test_what_an_earlier_run_did_is_not_taken_for_speed(clock: Clock) -> None:
    assert shown(clock, [(1, 80), (21, 90)]) == ["stage 90/100, 20 s left: step 90"]


def test_a_terminal_gets_one_line_with_count_time_left_and_text() -> None:
    out = io.StringIO()
    terminal = Console(file=out, width=100, force_terminal=True, color_system=None)
    with StageProgress(terminal, "stage", 10) as progress:
        progress.show(3, "loss 1e-3")
    (line,) = {part.strip() for part in out.getvalue().replace("\r", "\n").splitlines() if "3/10" in part}
    assert line.endswith("left loss 1e-3")


@pytest.mark.parametrize("terminal", [True, False])
def test_brackets_in_names_are_shown_as_they_are(terminal: bool) -> None:
    out = io.StringIO()
    plain = Console(file=out, width=100, force_terminal=terminal, color_system=None, markup=False)
    with StageProgress(plain, "[red]stage", 10) as progress:
        progress.show(10, "runs/[/]x and [bold]")
    assert "[red]stage" in out.getvalue()
    assert "runs/[/]x and [bold]" in out.getvalue()


def test_no_command_takes_a_persons_text_for_markup(checkout: Path) -> None:
    made = [
        line for path in (checkout / "platform").rglob("*.py") for line in path.read_text().splitlines()
        if re.search(r"\bConsole\(", line)
    ]  # fmt: skip
    assert made
    assert [line for line in made if "markup=False" not in line] == []

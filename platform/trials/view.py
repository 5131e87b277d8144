"""What a person sees of a search: a live block on a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from types import TracebackType
from typing import final

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Column, Table
from rich.text import Text

from platform.terminal.progress import PLAIN_EVERY_S
from platform.trials.state import SearchState

REFRESHES_PER_S = 4


@final
class SearchView:
    """Shows a SearchState; `bound` is the constraint in words."""

    def __init__(self, console: Console, title: str, state: SearchState, bound: str) -> None:
        self.console, self.title, self.state, self.bound = console, title, state, bound
        self._live: Live | None = None
        self._said_s = time.monotonic()

    def __enter__(self) -> SearchView:
        if self.console.is_terminal:
            self._live = Live(
                get_renderable=self.block, console=self.console, refresh_per_second=REFRESHES_PER_S
            )
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.stop()

    def update(self) -> None:
        """Shows the state: a plain line at most every 15 s and at the end; the block renews itself."""
        now_s = time.monotonic()
        finished = self.state.done >= self.state.total
        if self._live is None and (finished or now_s - self._said_s >= PLAIN_EVERY_S):
            self._said_s = now_s
            self.console.print(self.line(), highlight=False, soft_wrap=True)

    def line(self) -> str:
        """The state of the search in one line."""
        state = self.state
        return f"{self.title} {state.done}/{state.total}, {time_left(state)}: " + ", ".join(
            (best_text(state), front_line(state), trials_text(state))
        )

    def block(self) -> RenderableType:
        """The state of the search in a block of a few lines."""
        state = self.state
        head = Table.grid(Column(no_wrap=True), Column(no_wrap=True), Column(no_wrap=True), padding=(0, 1))
        bar = ProgressBar(total=state.total, completed=state.done, width=24)
        head.add_row(Text(self.title, style="bold"), bar, f"{state.done}/{state.total}  {time_left(state)}")
        body = Table.grid(Column(style="dim", no_wrap=True), Column(overflow="fold"), padding=(0, 2))
        for name, text in (
            ("trials", trials_text(state)), ("found", best_text(state)),
            ("among", self.bound), ("front", front_line(state)),
        ):  # fmt: skip
            body.add_row(f"  {name}", text)
        return Group(head, body)


def trials_text(state: SearchState) -> str:
    parts = [f"{state.running} running", f"{state.failed} failed"]
    if state.taken_over:
        parts.append(f"{state.taken_over} taken over")
    if (pace := state.per_minute) is not None:
        parts.append(f"{pace:.1f} a minute")
    return ", ".join(parts)


def best_text(state: SearchState) -> str:
    if state.best is None:
        return "no score yet"
    return f"best AP {state.best['ap']:.3f} at {state.best['gmacs']:.4f} GMACs"


def front_line(state: SearchState) -> str:
    volume = f"hypervolume {state.hypervolume:.3g} (from AP 0, {state.most_gmacs:.3g} GMACs)"
    return f"{len(state.front)} on the front, {volume}"


def time_left(state: SearchState) -> str:
    if state.done >= state.total:
        return "done"
    if (left_s := state.left_s) is None:
        return "time left unknown"
    minutes, seconds = divmod(round(left_s), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02} left" if hours else f"{minutes}:{seconds:02} left"

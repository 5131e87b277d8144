"""What a person sees while a run works: one live line per stage on a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from types import TracebackType
from typing import final

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

PLAIN_EVERY_S = 15.0


@final
class StageProgress:
    """Counts towards `total`; the text says how it goes."""

    def __init__(self, console: Console, title: str, total: int) -> None:
        self.console, self.title, self.total = console, title, total
        self._live: Progress | None = None
        self._task: TaskID | None = None
        self._said_s = time.monotonic()
        self._first: tuple[float, int] | None = None

    def __enter__(self) -> StageProgress:
        if self.console.is_terminal:
            self._live = Progress(
                TextColumn("{task.description}", markup=False), BarColumn(bar_width=12),
                TextColumn("{task.completed:.0f}/{task.total:.0f}"), TimeRemainingColumn(),
                TextColumn("left"), TextColumn("{task.fields[text]}", markup=False), console=self.console,
            )  # fmt: skip
            self._live.start()
            self._task = self._live.add_task(self.title, total=self.total, text="")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.stop()

    def show(self, done: int, text: str) -> None:
        """`done` of `total`; a plain line at most every 15 s, and at the end."""
        now_s = time.monotonic()
        self._first = self._first or (now_s, done)
        if self._live is not None and self._task is not None:
            self._live.update(self._task, completed=done, text=text)
            return
        if done >= self.total or now_s - self._said_s >= PLAIN_EVERY_S:
            self._said_s = now_s
            line = f"{self.title} {done}/{self.total}, {self._left(done, now_s)}: {text}"
            self.console.print(line, highlight=False)

    def _left(self, done: int, now_s: float) -> str:
        """Time left at the pace since the first call: what an earlier run did is not taken for speed."""
        first_s, first_done = self._first or (now_s, done)
        if done >= self.total:
            return "done"
        if done == first_done:
            return "time left unknown"
        return f"{(now_s - first_s) * (self.total - done) / (done - first_done):.0f} s left"

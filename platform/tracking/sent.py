"""What each tracking server has of a run, kept beside it: no server is asked for thousands of trials again.

A file of JSON lines that only grows. A line that names a server and its parent run begins a section; what
follows, until another begins, is what that server has: the records up to a byte of the outbox but those it
refused, and of each trial its child run, or null from just before one is asked for until it is complete.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, final

from platform.tracking.outbox import end_last_line

TrialId = tuple[str, int]  # stage, number


@final
class SentLog:
    """What one server has of a run. `server` is its URI without a password."""

    def __init__(self, path: Path, server: str) -> None:
        self._path, self._server = path, server
        self._turn_to(None)
        path.parent.mkdir(parents=True, exist_ok=True)
        end_last_line(path)
        self._read()

    def begin(self, parent: str) -> bool:
        """Begins or takes up the section of a parent run; whether there was one."""
        known = self.parent == parent
        if not known:
            self._turn_to(parent)
        self._append({"server": self._server, "parent": parent})
        return known

    def forget_trials(self, found: Mapping[TrialId, str | None]) -> None:
        """Puts what the server was found to have in the place of what this file says."""
        gone = [trial for trial in self.trials if trial not in found]
        for trial in gone:
            del self.trials[trial]
        self.trials |= found
        lines = [{"trial": trial, "gone": True} for trial in gone]
        self._append(*lines, *({"trial": trial, "run": run} for trial, run in found.items()))

    def begin_trial(self, trial: TrialId) -> None:
        """Called before a child run is asked for; on the disk when it returns, for a power cut as well."""
        self.trials[trial] = None
        self._append({"trial": trial, "run": None}, durable=True)

    def end_trial(self, trial: TrialId, run: str, *, sure: bool) -> None:
        """A child run is complete; where it may have a double still, the file does not say so yet."""
        self.trials[trial] = run
        if sure:
            self._append({"trial": trial, "run": run})

    def move(self, mark: int) -> None:
        """The server has answered to all records before byte `mark` of the outbox."""
        self.mark = mark
        self._append({"sent": mark})

    def refuse(self, start: int) -> None:
        """The server refused the record at byte `start`: it is offered to it once by each later process."""
        self.refused[start] = None
        self._append({"refused": start})

    def take(self, start: int) -> None:
        """The server took a record that it had refused."""
        self.refused.pop(start, None)
        self._append({"taken": start})

    @property
    def last_run(self) -> str | None:
        """The child run that was completed last."""
        return next((run for run in reversed(self.trials.values()) if run is not None), None)

    def _turn_to(self, parent: str | None) -> None:
        self.parent, self.mark = parent, 0
        self.trials: dict[TrialId, str | None] = {}
        self.refused: dict[int, None] = {}

    def _read(self) -> None:
        mine = False
        for line in self._path.read_bytes().splitlines():
            value: Any = None
            with suppress(ValueError, RecursionError):  # cut short by a kill: a section begins behind it
                value = json.loads(line)
            match value:
                case {"server": server, "parent": str(parent)}:
                    mine = server == self._server
                    if mine and parent != self.parent:
                        self._turn_to(parent)
                case dict() if mine:
                    self._take_line(value)
                case dict():
                    pass
                case _:
                    mine = False

    def _take_line(self, value: Mapping[str, Any]) -> None:
        match value:
            case {"trial": [str(stage), int(number)], "run": str() | None as run}:
                self.trials[(stage, number)] = run
            case {"trial": [str(stage), int(number)], "gone": True}:
                self.trials.pop((stage, number), None)
            case {"sent": int(mark)}:
                self.mark = mark
            case {"refused": int(start)}:
                self.refused[start] = None
            case {"taken": int(start)}:
                self.refused.pop(start, None)

    def _append(self, *values: Mapping[str, Any], durable: bool = False) -> None:
        with self._path.open("ab") as file:
            file.write(b"".join(json.dumps(value).encode() + b"\n" for value in values))
            if durable:
                file.flush()
                os.fsync(file.fileno())

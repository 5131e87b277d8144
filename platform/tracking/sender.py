"""MLflow, off the search's critical path: what is to be written waits on disk, a thread sends it.

Trials wait as rows of the results table, all else in the outbox. A server that is down or slow delays
nothing; what it did not get is sent when the run is started again, or by `python -m platform.track RUN`.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, final

from rich.console import Console

from platform.results.store import Row
from platform.tracking.outbox import Outbox
from platform.tracking.server import TrackedRun, TrackingServer

FIRST_PAUSE_S, LONGEST_PAUSE_S = 1.0, 30.0  # after a failure; each pause is twice the one before
TRIALS_AT_ONCE = 50
SAY_EVERY_S = 5.0


@final
@dataclass(frozen=True, slots=True)
class Patience:
    """How long the end of a run waits for the server."""

    idle_s: float = 15.0  # while nothing gets through
    total_s: float = 300.0


@final
class Tracking:
    """Takes everything at once and returns; the thread sends it in order, trials first."""

    def __init__(self, uri: str, run: TrackedRun, outbox: Path) -> None:
        self.uri = uri
        self.trouble: str | None = None
        self._server, self._outbox = TrackingServer(uri, run), Outbox(outbox)
        self._trials: deque[Row] = deque()
        self._wake, self._stop = threading.Event(), threading.Event()
        self._given_up = threading.Event()
        self._answered = 0  # requests, or a few at a time: whether anything gets through
        self._doubtful = False  # something failed since the server was last asked what it has
        self._thread = threading.Thread(target=self._run, name="mlflow", daemon=True)
        self._thread.start()

    def log_params(self, params: Mapping[str, Any]) -> None:
        """Sends parameters of the parent run; those that it has already are kept."""
        self._add("params", values={key: str(value) for key, value in params.items()})

    def log_metrics(self, metrics: Mapping[str, float], step: int, time_ms: int) -> None:
        """Sends metrics of the parent run."""
        values = {name: float(value) for name, value in metrics.items()}
        self._add("metrics", values=values, step=step, time_ms=time_ms)

    def set_tag(self, name: str, value: str) -> None:
        """Sends a tag of the parent run."""
        self._add("tag", name=name, value=value)

    def log_artifacts(self, *paths: Path) -> None:
        """Sends files of the parent run, as they are when they are sent."""
        for path in paths:
            self._add("artifact", path=str(path.absolute()))

    def log_trial(self, row: Row) -> None:
        """Sends a durable row as a child run; one that the server has already is passed over."""
        self._trials.append(row)
        self._wake.set()

    def log_status(self, status: str) -> None:
        """Sends the parent run's status, in MLflow's words: RUNNING, FINISHED, KILLED."""
        self._add("status", status=status, time_ms=int(time.time() * 1000))

    @property
    def unsent(self) -> int:
        """Trials and records that the server has not got."""
        return len(self._trials) + len(self._outbox.unsent()[0])

    def close(self, console: Console, patience: Patience | None = None) -> int:
        """Waits while it gets on, at most as long as `patience` says; returns how much still waits."""
        patience = patience or Patience()
        self._stop.set()
        self._wake.set()
        began_s = moved_s = said_s = time.monotonic()
        seen = self._answered
        while self._thread.is_alive():
            self._thread.join(timeout=0.1)
            now_s = time.monotonic()
            if self._answered != seen:
                seen, moved_s = self._answered, now_s
            if now_s - moved_s > patience.idle_s or now_s - began_s > patience.total_s:
                self._given_up.set()  # whoever sends the rest must be the only one
                break
            if now_s - said_s > SAY_EVERY_S:
                said_s = now_s
                trouble = f" ({self.trouble})" if self.trouble else ""
                console.print(f"tracking: {self.unsent} to send to {self.uri}{trouble}", highlight=False)
        return self.unsent

    def _add(self, kind: str, **values: Any) -> None:
        self._outbox.add(kind, **values)
        self._wake.set()

    def _run(self) -> None:
        pause_s, connected = FIRST_PAUSE_S, False
        while not self._given_up.is_set():
            stopping = self._stop.is_set()
            try:
                if not connected:
                    self._server.connect()
                    connected = True
                if self._send_some():
                    self.trouble, pause_s = None, FIRST_PAUSE_S
                    continue
                if stopping:
                    self._settle()
                    return
            except Exception as error:  # the server's, the network's, a database's: all end the same way
                self.trouble, connected, self._doubtful = _one_line(error), False, True
                self._pause(pause_s)
                pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
                continue
            self._wake.wait()
            self._wake.clear()

    def _pause(self, pause_s: float) -> None:
        """The end of the run cuts it short; then it is the first one's length again and again."""
        if self._stop.is_set():
            time.sleep(FIRST_PAUSE_S)
        else:
            self._stop.wait(pause_s)

    def _send_some(self) -> bool:
        """Some trials, then all records; False where nothing waited."""
        some = False
        for _ in range(min(TRIALS_AT_ONCE, len(self._trials))):
            if self._given_up.is_set():
                return False
            self._server.write_trial(self._trials[0])
            self._trials.popleft()  # only now: what fails is tried again
            self._answered += 1
            some = True
        records, mark = self._outbox.unsent()
        if records:
            for _ in self._server.write(records):
                self._answered += 1
                if self._given_up.is_set():
                    return False
            self._outbox.sent(mark)
        return some or bool(records)

    def _settle(self) -> None:
        """A request that was thought lost may have been carried out late: then a trial has two children."""
        if self._doubtful:
            self._server.connect()
            self._doubtful = False


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__

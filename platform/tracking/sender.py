"""MLflow, off the search's critical path: what is to be written waits on disk, a thread sends it.

Trials wait as rows of the results table, all else in the outbox. A server that is down or slow delays
nothing; what it did not get is sent when the run is started again, or by `python -m platform.track RUN`. A
record that it refuses delays nothing either: the others go on, and it is told and offered again as those are.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any, final

from rich.console import Console

from platform.results.store import Row
from platform.tracking.outbox import Outbox, Record, Waiting
from platform.tracking.refusals import about_record, one_line
from platform.tracking.sent import SentLog
from platform.tracking.tracked_run import TrackedRun, trial_name
from workers.secrets import redacted

FIRST_PAUSE_S, LONGEST_PAUSE_S = 1.0, 30.0  # after a failure; each pause is twice the one before
TRIALS_AT_ONCE = RECORDS_AT_ONCE = 50
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
        self.uri = redacted(uri)
        self.trouble: str | None = None
        self.refused: dict[str, str] = {}  # what the server took amiss, and why
        from platform.tracking.server import (
            TrackingServer,  # takes seconds to import: what tracks none waits not
        )

        self._outbox, self._sent = Outbox(outbox), SentLog(outbox.with_suffix(".sent"), self.uri)
        self._server = TrackingServer(uri, run, outbox.parent, self._sent)
        self._trials: deque[Row] = deque()
        self._wake, self._stop = threading.Event(), threading.Event()
        self._given_up = threading.Event()
        self._answered = 0  # what is done, and never done again: whether anything gets through
        self._most_read = 0  # trials that the server was asked for, at most in one connection
        self._offered_again = False  # what the server refused an earlier process
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
            place, folder = path.absolute(), self._outbox.path.parent.absolute()
            inside = place.is_relative_to(folder)
            self._add("artifact", path=str(place.relative_to(folder) if inside else place))

    def log_trial(self, row: Row) -> None:
        """Sends a durable row as a child run; one that the server has already is passed over."""
        self._trials.append(row)
        self._wake.set()

    def log_status(self, status: str) -> None:
        """Sends the parent run's status, in MLflow's words: RUNNING, FINISHED, KILLED."""
        self._add("status", status=status, time_ms=int(time.time() * 1000))

    @property
    def unsent(self) -> int:
        """Trials and records that the server has not got; those that it refused are not counted."""
        return len(self._trials) + len(self._outbox.read(self._sent.mark))

    @property
    def notes(self) -> tuple[str, ...]:
        """What was mended on the way, a sentence each."""
        return tuple(self._server.notes)

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
            if self._answered != seen or self._server.making:
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
        pause_s, connected, singly = FIRST_PAUSE_S, False, False
        while not self._given_up.is_set():
            stopping = self._stop.is_set()
            try:
                if not connected:
                    self._connect()
                    connected = True
                if self._send_some(singly):
                    self.trouble, pause_s, singly = None, FIRST_PAUSE_S, False
                    continue
                if stopping and not self._server.settle():
                    return
                if stopping:
                    continue
            except Exception as error:  # the server's, the network's, a database's: all end the same way
                if connected and not singly and about_record(error):  # or a run was deleted
                    connected, singly = False, True
                    continue
                self.trouble, connected, singly = one_line(error), False, False
                self._pause(pause_s)
                pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
                continue
            singly = False
            self._wake.wait()
            self._wake.clear()

    def _pause(self, pause_s: float) -> None:
        """The end of the run cuts it short; then it is the first one's length again and again."""
        if self._stop.is_set():
            time.sleep(FIRST_PAUSE_S)
        else:
            self._stop.wait(pause_s)

    def _connect(self) -> None:
        for count in self._server.connect():
            if self._given_up.is_set():
                return
            if count > self._most_read:
                self._most_read, self.trouble = count, f"{count} trials of it read so far"
                self._answered += 1

    def _send_some(self, singly: bool) -> bool:
        """Some trials, then records; False where nothing waited.

        `singly` behind an answer that one was refused: then each is sent alone, and passed by if it is again.
        """
        some = False
        for _ in range(min(TRIALS_AT_ONCE, len(self._trials))):
            if self._given_up.is_set():
                return False
            self._send_trial(self._trials[0], singly)
            self._trials.popleft()  # only now: what fails is tried again
            self._answered += 1
            some = True
        self._offer_again()
        waiting = self._outbox.read(self._sent.mark, RECORDS_AT_ONCE if singly else None)
        for mark in self._send_each(waiting) if singly else self._send_together(waiting):
            self._sent.move(mark)
            self._answered += 1
            if self._given_up.is_set():
                return False
        return some or bool(waiting)

    def _send_trial(self, row: Row, singly: bool) -> None:
        try:
            self._server.write_trial(row)
        except Exception as error:
            if not singly or not about_record(error):
                raise
            self.refused[trial_name(row)] = one_line(error)

    def _send_together(self, waiting: list[Waiting]) -> Iterator[int]:
        """Sends records in order, metrics many at a time; yields each byte up to which all is answered."""
        for kind, alike in groupby(waiting, lambda one: one.record.get("kind")):
            group = list(alike)
            size = RECORDS_AT_ONCE if kind == "metrics" else 1
            for start in range(0, len(group), size):
                some = group[start : start + size]
                for _ in self._server.write([one.record for one in some]):
                    pass
                yield some[-1].end

    def _send_each(self, waiting: list[Waiting]) -> Iterator[int]:
        for one in waiting:
            if not self._sent_whole(one):
                self._sent.refuse(one.start)
            yield one.end

    def _offer_again(self) -> None:
        """Sends what was refused earlier, once in a process: server or folder may have been mended."""
        if self._offered_again:
            return
        for start in list(self._sent.refused):
            for one in self._outbox.read(start, 1):
                if self._sent_whole(one):
                    self._sent.take(start)
                self._answered += 1
        self._offered_again = True

    def _sent_whole(self, one: Waiting) -> bool:
        """Sends a record value by value; whether the server took all of them."""
        whole = True
        for name, part in _parts(one):
            try:
                for _ in self._server.write([part]):
                    pass
            except Exception as error:
                if not about_record(error):
                    raise
                self.refused[name], whole = one_line(error), False
        return whole


def _parts(one: Waiting) -> Iterator[tuple[str, Record]]:
    """The values of a record as records of their own, each with what a person calls it."""
    record = one.record
    kind, values = record.get("kind"), record.get("values")
    if kind in ("params", "metrics") and isinstance(values, dict):
        for name, value in values.items():
            yield f"{kind[:-1]} {name}", record | {"values": {name: value}}
        return
    name = next((record[key] for key in ("path", "name", "status") if key in record), f"at byte {one.start}")
    yield f"{kind or 'record'} {name}", record

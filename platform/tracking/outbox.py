"""What waits for the tracking server beside the trials: a file of JSON lines."""

from __future__ import annotations

import json
import threading
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, final

from platform.terminal.secrets import redacted

Record = dict[str, Any]


@final
@dataclass(frozen=True, slots=True)
class Waiting:
    """A record and where its line lies in the file, in bytes. What is no record is an empty one."""

    record: Record
    start: int
    end: int


@final
class Outbox:
    """Records in order. A killed process loses none; one sent just before a kill is read once more."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = threading.Lock()
        end_last_line(path)

    def add(self, kind: str, **values: Any) -> None:
        """Appends a record to the file before it returns; a power cut may take the last ones, a kill not.

        Passwords in its values are left out.
        """
        line = json.dumps({"kind": kind} | _without_secrets(values)) + "\n"
        with self._lock, self.path.open("ab") as file:
            file.write(line.encode())

    def read(self, start: int, most: int | None = None) -> list[Waiting]:
        """The records from byte `start` on, at most `most`."""
        with self._lock, self.path.open("rb") as file:
            file.seek(max(0, start))
            lines = file.readlines() if most is None else [file.readline() for _ in range(most)]
        found, begin = [], max(0, start)
        for line in lines:
            end = begin + len(line)
            with suppress(ValueError, RecursionError):  # a line that a kill cut short
                value = json.loads(line)
                found.append(Waiting(value if isinstance(value, dict) else {}, begin, end))
            begin = end
        return found


def end_last_line(path: Path) -> None:
    """Ends the last line of a file that a kill cut short; makes the file where there is none."""
    with path.open("ab+") as file:
        if file.tell() > 0:
            file.seek(-1, 2)
            if file.read(1) != b"\n":
                file.write(b"\n")


def _without_secrets(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_secrets(inner) for key, inner in value.items()}
    return redacted(value) if isinstance(value, str) else value

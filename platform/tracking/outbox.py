"""What waits for the tracking server beside the trials: a file of JSON lines, and how far it was sent."""

from __future__ import annotations

import json
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any, final

from workers.files import whole_file

Record = dict[str, Any]


@final
class Outbox:
    """Records in order. A killed process loses none; one sent just before a kill is read once more."""

    def __init__(self, path: Path) -> None:
        self.path, self._mark = path, path.with_suffix(".sent")
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = threading.Lock()
        self._sent = self._read_mark()
        self._end_last_line()

    def add(self, kind: str, **values: Any) -> None:
        """Appends a record to the file before it returns; a power cut may take the last ones, a kill not."""
        line = json.dumps({"kind": kind} | values) + "\n"
        with self._lock, self.path.open("ab") as file:
            file.write(line.encode())

    def unsent(self) -> tuple[list[Record], int]:
        """What has not been sent, and the mark to set once it has been."""
        with self._lock, self.path.open("rb") as file:
            file.seek(self._sent)
            content = file.read()
        records = []
        for line in content.splitlines():
            with suppress(ValueError):  # a line that a kill cut short
                records.append(json.loads(line))
        return records, self._sent + len(content)

    def sent(self, mark: int) -> None:
        self._sent = mark
        with whole_file(self._mark) as draft:
            draft.write_text(str(mark))

    def _read_mark(self) -> int:
        with suppress(OSError, ValueError):
            return min(int(self._mark.read_text()), self.path.stat().st_size)
        return 0

    def _end_last_line(self) -> None:
        with self.path.open("ab+") as file:
            if file.tell() > 0:
                file.seek(-1, 2)
                if file.read(1) != b"\n":
                    file.write(b"\n")

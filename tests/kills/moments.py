"""What ended a command, or a part of it, at which moment, and what was seen of it."""

from __future__ import annotations

import re
import signal
from collections.abc import Sequence
from dataclasses import dataclass

DRIVER = {"SIGINT": signal.SIGINT, "SIGTERM": signal.SIGTERM, "SIGKILL": signal.SIGKILL}
CODES = {"SIGINT": 130, "SIGTERM": 143, "SIGKILL": -signal.SIGKILL}
WORKER, NODE = "worker", "node"
STAGE = re.compile(r"^(data|report|(?:spatial|temporal)_[a-z]+)\b", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """One end, of a driver or of what works for it."""

    command: str
    stage: str
    """Under way, by the command's own words."""
    after_s: float
    """Seconds since the command was started."""
    what: str
    code: int | None
    """The command's exit code; None where it goes on."""
    line: str
    """The last that it printed, or that it had printed then."""
    faults: tuple[str, ...] = ()

    @property
    def cells(self) -> tuple[str, ...]:
        code = "goes on" if self.code is None else str(self.code)
        return self.command, self.stage, f"{self.after_s:.1f}", self.what, code, self.line[:90]


def faults_of_end(what: str, code: int | None, said: str) -> tuple[str, ...]:
    """What a stopped command does that it must not: another exit code, or more than a line."""
    found = [f"exit code {code} after {what}"] if code != CODES[what] else []
    if what != "SIGKILL" and ("Traceback" in said or not last_line(said).startswith("stopped")):
        found.append(f"ends with {last_line(said)!r}")
    return tuple(found)


def last_line(said: str) -> str:
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    return lines[-1] if lines else "-"


def stage_of(said: str) -> str:
    stages = STAGE.findall(said)
    return stages[-1] if stages else "begins"


def table(moments: Sequence[Moment]) -> str:
    """A Markdown table, a line for each."""
    head = ("command", "under way", "after s", "what ended", "exit code", "last line")
    lines = [head, ("---",) * len(head), *(moment.cells for moment in moments)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)

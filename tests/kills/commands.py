"""Commands that write files, stopped in the middle: whole or absent, and the same again makes them."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from tests.end_to_end.environment import this_environment
from tests.kills.moments import DRIVER, Moment, faults_of_end, last_line


@dataclass(frozen=True, slots=True)
class Command:
    """`python -m platform.NAME ARGUMENTS --FLAG OUT`, where OUT is what it makes in `cwd`."""

    name: str
    arguments: tuple[str, ...]
    out_flag: str
    out: str
    cwd: Path

    def started(self, out: str, log: Path) -> subprocess.Popen[bytes]:
        typed = [sys.executable, "-m", f"platform.{self.name}", *self.arguments, self.out_flag, out]
        with log.open("w") as file:
            return subprocess.Popen(
                typed, cwd=self.cwd, env=this_environment().variables, stdout=file, stderr=subprocess.STDOUT
            )

    def files(self, out: str) -> dict[str, bytes]:
        """Every file of what was made, its temporary neighbours among them, by its name without `out`."""
        found = {}
        for top in self.cwd.rglob(f"*{Path(out).name}*"):
            for path in [top] if top.is_file() else [each for each in top.rglob("*") if each.is_file()]:
                found[str(path.relative_to(self.cwd)).replace(out, "OUT")] = path.read_bytes()
        return found


def stopped(command: Command, kinds: tuple[str, ...], rng: random.Random) -> list[Moment]:
    """One moment for each kind, anywhere in the command's own time; the command once more after each."""
    log = command.cwd / f"{command.name}.log"
    begun = time.monotonic()
    code = command.started(f"whole-{command.out}", log).wait(600)
    lasts_s, whole = time.monotonic() - begun, command.files(f"whole-{command.out}")
    assert code == 0, log.read_text()
    assert whole, log.read_text()
    return [_stop(command, what, rng.uniform(0.3, 1) * lasts_s, whole, log) for what in kinds]


def _stop(command: Command, what: str, after_s: float, whole: dict[str, bytes], log: Path) -> Moment:
    out = f"{what.lower()}-{command.out}"
    process = command.started(out, log)
    time.sleep(after_s)
    os.kill(process.pid, DRIVER[what])
    code, said = process.wait(120), log.read_text()
    faults = faults_of_end(what, code, said) if code else ()
    made = command.files(out)
    if what != "SIGKILL" and any(whole.get(name) != content for name, content in made.items()):
        faults += (f"half written: {sorted(made)}",)
    if any(name in made and made[name] != content for name, content in whole.items()):
        faults += ("a wrong file under its own name",)
    if code and (command.started(out, log).wait(600) != 0 or command.files(out) != whole):
        faults += (f"the same command again: {last_line(log.read_text())}",)
    return Moment(
        command=command.name, stage="-", after_s=after_s, what=what, code=code, line=last_line(said),
        faults=faults,
    )  # fmt: skip

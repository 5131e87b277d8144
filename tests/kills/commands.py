"""Commands that write files, stopped in the middle: whole or absent, and the same again makes them."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Set
from dataclasses import dataclass
from pathlib import Path

from tests.end_to_end.environment import this_environment
from tests.kills.moments import DRIVER, Moment, faults_of_end, last_line


def content(path: Path) -> bytes:
    """The file's bytes; safetensors writes its metadata in another order in each process."""
    found = path.read_bytes()
    if path.suffix != ".safetensors":
        return found
    end = 8 + int.from_bytes(found[:8], "little")
    return json.dumps(json.loads(found[8:end]), sort_keys=True).encode() + found[end:]


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

    def places(self, out: str) -> list[Path]:
        """What was made, and its temporary neighbours."""
        return [path for path in self.cwd.rglob(f"*{Path(out).name}*") if out not in path.parent.as_posix()]

    def files(self, out: str) -> dict[str, bytes]:
        """Every file of `places`, by its name without `out`."""
        found = {}
        for top in self.places(out):
            for path in [top] if top.is_file() else [each for each in top.rglob("*") if each.is_file()]:
                found[str(path.relative_to(self.cwd)).replace(out, "OUT")] = content(path)
        return found

    def remove(self, out: str) -> None:
        for path in self.places(out):
            shutil.rmtree(path) if path.is_dir() else path.unlink()


def stopped(command: Command, kinds: tuple[str, ...], rng: random.Random) -> list[Moment]:
    """One moment for each kind, anywhere in the command's own time; the command once more after each."""
    log = command.cwd / f"{command.name}.log"
    begun = time.monotonic()
    code = command.started(f"whole-{command.out}", log).wait(600)
    lasts_s, whole = time.monotonic() - begun, command.files(f"whole-{command.out}")
    assert code == 0, log.read_text()
    assert whole, log.read_text()
    return [_stop(command, what, rng.uniform(0.3, 1) * lasts_s, whole.keys(), log) for what in kinds]


def _stop(command: Command, what: str, after_s: float, whole: Set[str], log: Path) -> Moment:
    """`whole` are the names of what an undisturbed command makes; its content has its own name in it."""
    out = f"{what.lower()}-{command.out}"
    process = command.started(out, log)
    time.sleep(after_s)
    os.kill(process.pid, DRIVER[what])
    code, said = process.wait(120), log.read_text()
    faults = faults_of_end(what, code, said) if code else ()
    left = command.files(out)
    if what != "SIGKILL" and left and left.keys() != whole:
        faults += (f"half written: {sorted(left)}",)
    if left.keys() != whole:
        if command.started(out, log).wait(600) != 0:
            faults += (f"the same command again: {last_line(log.read_text())}",)
        left = command.files(out)
    command.remove(out)
    undisturbed = command.started(out, log).wait(600)
    if undisturbed != 0 or command.files(out) != left:
        faults += ("other files than an undisturbed command's",)
    return Moment(
        command=command.name, stage="-", after_s=after_s, what=what, code=code, line=last_line(said),
        faults=faults,
    )  # fmt: skip

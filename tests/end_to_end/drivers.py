"""A run's driver as a process of its own: by its command, or as a fork, which starts more quickly."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from platform.config.run import RunConfig
from platform.stages.pipeline import run
from tests.end_to_end.environment import Environment
from tests.end_to_end.processes import descendants, end_all
from tests.forks import FORKS

WAIT_S = 600


@dataclass(frozen=True, slots=True)
class Driver:
    """One that was started; what it says is in the file `log`, anew at each start."""

    pid: int
    log: Path
    join: Callable[[float], int | None]
    """Waits for its end, at most so many seconds; its exit code, or None while it runs."""

    @property
    def said(self) -> str:
        return self.log.read_text()

    def wait_until(self, happened: Callable[[], bool]) -> None:
        deadline = time.monotonic() + WAIT_S
        while not happened():
            assert self.join(0.01) is None, self.said
            assert time.monotonic() < deadline, self.said

    def finish(self) -> str:
        """Waits for its good end; returns what it said."""
        assert self.join(WAIT_S) == 0, self.said
        return self.said

    def kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)


@contextmanager
def by_command(environment: Environment, *arguments: str | Path, log: Path, cwd: Path) -> Iterator[Driver]:
    """``python -m platform.search ARGUMENTS``; nothing that came of it outlives the block."""
    with log.open("w") as file:
        process = subprocess.Popen(
            [environment.python, "-m", "platform.search", *arguments],
            cwd=cwd, env=environment.variables, stdout=file, stderr=subprocess.STDOUT,
        )  # fmt: skip

    def join(limit_s: float) -> int | None:
        with suppress(subprocess.TimeoutExpired):
            process.wait(limit_s)
        return process.returncode

    try:
        yield Driver(process.pid, log, join)
    finally:
        family = descendants(process.pid)
        process.kill()
        process.wait()
        end_all(family)


@contextmanager
def by_fork(config: RunConfig, variables: Mapping[str, str] | None = None) -> Iterator[Driver]:
    """A driver, on a cluster, that has not outlived the block; its log lies beside its run."""
    config.storage.mkdir(parents=True, exist_ok=True)
    log = config.storage / "log"
    log.touch()
    process = FORKS.Process(target=_drive, args=(config, log, dict(variables or {})))
    process.start()

    def join(limit_s: float) -> int | None:
        process.join(limit_s)
        return process.exitcode

    try:
        yield Driver(process.pid or 0, log, join)
    finally:
        process.kill()
        process.join()


def _drive(config: RunConfig, log: Path, variables: Mapping[str, str]) -> None:
    """In the fork: as `python -m platform.search` does it, with its words in a file."""
    os.environ.update(variables)
    with log.open("w") as file:
        sys.stdout = sys.stderr = file
        run(config, Console(file=file, width=200))

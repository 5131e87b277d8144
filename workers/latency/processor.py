"""The processor that a measurement runs on: its name, and cores that no other measurement uses meanwhile."""

from __future__ import annotations

import fcntl
import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

CPUINFO = Path("/proc/cpuinfo")


def cpu_model(cpuinfo: Path = CPUINFO) -> str:
    """What the processor calls itself; the machine's kind where the system does not say."""
    lines = cpuinfo.read_text(errors="replace").splitlines() if cpuinfo.is_file() else []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, os.uname().machine)


@contextmanager
def own_cores(count: int, folder: Path | None = None) -> Iterator[tuple[int, ...]]:
    """Keeps this thread, and those it starts, on `count` cores inside the block; gives their numbers.

    The last free ones are taken, for the first serve most interrupts. A file lock keeps two measurements on
    one machine off each other's cores. Gives none, and pins nothing, where the system cannot pin, or where
    too few cores are free.
    """
    if not hasattr(os, "sched_setaffinity"):
        yield ()
        return
    before = os.sched_getaffinity(0)
    with ExitStack() as locks:
        cores = tuple(_claim(sorted(before, reverse=True), count, folder or _lock_folder(), locks))
        if len(cores) < count:
            locks.close()
            yield ()
            return
        os.sched_setaffinity(0, cores)
        try:
            yield cores
        finally:
            os.sched_setaffinity(0, before)


def _lock_folder() -> Path:
    return Path(tempfile.gettempdir()) / f"vipnas-cores-{os.getuid()}"


def _claim(cores: list[int], count: int, folder: Path, locks: ExitStack) -> Iterator[int]:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    taken = 0
    for core in cores:
        if taken == count:
            return
        handle = (folder / f"core-{core}").open("w")
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            handle.close()
            continue
        locks.enter_context(handle)  # closing unlocks
        taken += 1
        yield core

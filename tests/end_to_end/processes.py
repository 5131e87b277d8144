"""Whose child a process is: what a kill test kills, and what must not outlive it."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from ray.cluster_utils import Cluster


def descendants(ancestor: int) -> dict[int, str]:
    """The command lines of all processes below a living one, by process id."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
    found, generation = set[int](), {ancestor}
    while generation:
        generation = {child for child, parent in parents.items() if parent in generation}
        found |= generation
    return {process: _command(process) for process in found}


def at_work(cluster: Cluster, title: str) -> list[int]:
    """The Ray workers on the nodes of a cluster of this machine that have these words in their title."""
    raylets = [node.all_processes["raylet"][0].process.pid for node in cluster.list_all_nodes()]
    commands = {pid: command for raylet in raylets for pid, command in descendants(raylet).items()}
    return sorted(pid for pid, command in commands.items() if title in command)


def end_all(processes: Iterable[int], patience_s: float = 20) -> None:
    """Waits until they have ended by themselves, and kills those that have not."""
    left, deadline = set(processes), time.monotonic() + patience_s
    while left := {process for process in left if _alive(process)}:
        if time.monotonic() > deadline:
            for process in left:
                with suppress(ProcessLookupError):
                    os.kill(process, signal.SIGKILL)
        time.sleep(0.1)


def _command(process: int) -> str:
    with suppress(OSError):
        return (Path("/proc") / str(process) / "cmdline").read_bytes().replace(b"\0", b" ").decode().strip()
    return ""


def _alive(process: int) -> bool:
    with suppress(OSError):
        return (Path("/proc") / str(process) / "stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False

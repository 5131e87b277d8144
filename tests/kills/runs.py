"""A run whose driver, workers and node are killed again and again, beside one that nothing happens to."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import takewhile
from pathlib import Path
from typing import Any

import pandas as pd
from ray.cluster_utils import Cluster

from tests.end_to_end.drivers import Driver, by_command
from tests.end_to_end.environment import this_environment
from tests.end_to_end.processes import at_work, end_all
from tests.end_to_end.tiny_run import assert_equal_weights
from tests.kills.moments import DRIVER, NODE, WORKER, Moment, faults_of_end, last_line, stage_of

NODE_OF: dict[str, Any] = {"num_cpus": 2, "object_store_memory": 100 << 20}
WORKERS = ("ResourceTrainable", "RayTrainWorker")
FIGURES = ["trial", "key", "gmacs", "ap", "status"]
WAIT_S = 900
IN_WORK = 3 / 4


@dataclass(frozen=True, slots=True)
class SearchCommand:
    """`python -m platform.search` with these arguments, in a folder of its own."""

    arguments: tuple[str, ...]
    weights: tuple[str, ...]
    """Files that it must end with, bit for bit."""

    @property
    def name(self) -> str:
        return self.arguments[0]

    @property
    def stages(self) -> tuple[str, ...]:
        """Those that work on something, in their order."""
        given = self.arguments[self.arguments.index("--stages") + 1 :]
        return tuple(word for word in takewhile(lambda word: not word.startswith("--"), given) if "_" in word)

    @contextmanager
    def started(self, cluster: Cluster, cwd: Path) -> Iterator[Driver]:
        where = ("--resources.address", cluster.address, "--resources.slots", "1")
        with by_command(this_environment(), *self.arguments, *where, log=cwd / "log", cwd=cwd) as driver:
            yield driver
        end_all([pid for title in WORKERS for pid in at_work(cluster, title)])

    def folder(self, cwd: Path) -> Path:
        return cwd / "runs" / self.name


@dataclass(slots=True)
class Disturbed:
    """A run under way, with the rows that were there at the last look."""

    command: SearchCommand
    cluster: Cluster
    cwd: Path
    longest_s: float
    rng: random.Random
    rows: dict[Path, int] = field(default_factory=dict)
    moments: list[Moment] = field(default_factory=list)

    def suffer(self, kinds: Sequence[str]) -> None:
        """One start of the command for each; ends early where the run is done before."""
        for what in kinds:
            with self.command.started(self.cluster, self.cwd) as driver:
                begun = time.monotonic()
                self._wait_for_moment(driver)
                if driver.join(0.01) is not None:
                    return
                self._strike(what, driver, time.monotonic() - begun)
        self.check_rows()

    def _wait_for_moment(self, driver: Driver) -> None:
        """At times any, at times one in a stage's work, which takes less time than the start."""
        wait_s = self.rng.uniform(1, self.longest_s)
        if self.rng.random() < IN_WORK:
            wait_s = self.rng.uniform(0, self.longest_s / 4)
            stages = self.command.stages
            later = stages[self.rng.randrange(len(stages)) :]
            while stage_of(driver.said) not in later and driver.join(0.05) is None:
                pass
        end = time.monotonic() + wait_s
        while time.monotonic() < end and driver.join(0.05) is None:
            pass

    def _strike(self, what: str, driver: Driver, after_s: float) -> None:
        stage = stage_of(driver.said)
        faults: tuple[str, ...] = ()
        if what in DRIVER:
            os.kill(driver.pid, DRIVER[what])
            code = driver.join(120)
            faults = faults_of_end(what, code, driver.said)
        else:
            what = self._strike_below(what, driver)
            code = self._goes_on(driver)
            faults = (f"exit code {code} after the end of a {what}",) if code else ()
        moment = Moment(
            command=self.command.name, stage=stage, after_s=after_s, what=what, code=code,
            line=last_line(driver.said), faults=faults + self.check_rows(),
        )  # fmt: skip
        self.moments.append(moment)
        print("|", " | ".join(moment.cells), "|", *moment.faults, flush=True)

    def _strike_below(self, what: str, driver: Driver) -> str:
        """A worker, once there is one; or the node that is not the head, which comes back."""
        if what == NODE:
            (node,) = self.cluster.worker_nodes
            self.cluster.remove_node(node, allow_graceful=False)
            self.cluster.add_node(**NODE_OF)
            return NODE
        deadline = time.monotonic() + WAIT_S
        while driver.join(0.05) is None and time.monotonic() < deadline:
            workers = [pid for title in WORKERS for pid in at_work(self.cluster, title)]
            if workers:
                with suppress(ProcessLookupError):
                    os.kill(self.rng.choice(workers), signal.SIGKILL)
                return WORKER
        return "no worker came"

    def _goes_on(self, driver: Driver) -> int | None:
        """A while later it still works, or has ended well."""
        return driver.join(self.rng.uniform(5, 20)) or None

    def check_rows(self) -> tuple[str, ...]:
        now = rows_of(self.command.folder(self.cwd))
        lost = [path.name for path, written in self.rows.items() if now.get(path) != written]
        self.rows = now
        return (f"lost or written anew: {lost}",) if lost else ()

    def finish(self) -> tuple[str, ...]:
        """The same command, left alone; what is wrong at its end."""
        with self.command.started(self.cluster, self.cwd) as driver:
            code = driver.join(WAIT_S)
        lost = self.check_rows()
        return lost if code == 0 else (*lost, f"ends with {code}: {last_line(driver.said)}")


def rows_of(folder: Path) -> dict[Path, int]:
    """The files of rows, and when each was written: a trial evaluated again has another time."""
    found = {}
    for part in folder.glob("trials.parquet/*_search-*.parquet"):
        with suppress(FileNotFoundError):
            found[part] = part.stat().st_mtime_ns
    return found


def differences(command: SearchCommand, ours: Path, undisturbed: Path) -> tuple[str, ...]:
    """How two finished runs differ in their trials, their best and their weights."""
    here, there = command.folder(ours), command.folder(undisturbed)
    tables = [
        pd.read_parquet(one / "trials.parquet").sort_values("trial").reset_index(drop=True)
        for one in (here, there)
    ]
    found = [] if tables[0]["key"].is_unique else ["a trial is there twice"]
    if not tables[0][FIGURES].equals(tables[1][FIGURES]):
        found.append("other trials or figures")
    for name in command.weights:
        try:
            assert_equal_weights(here / name, there / name)
        except (AssertionError, OSError) as error:
            found.append(f"{name} differs: {error!r:.80}")
    return tuple(found)

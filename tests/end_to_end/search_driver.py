"""Searches of a made, untrained supernet as processes of their own that start quickly and can be killed.

A fork server imports the platform once; each driver is a fork of it, with its own Ray driver and threads.
"""

from __future__ import annotations

import json
import multiprocessing
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from multiprocessing.context import ForkServerProcess
from pathlib import Path

import pandas as pd
from rich.console import Console

from platform.config import DataConfig, ResourceConfig, RunConfig
from platform.pipeline import run
from platform.recipes import tiny
from spaces.initialise import initialise
from spaces.registry import build_space
from workers.data.made import MadeConfig, write_made_dataset
from workers.weights.safetensors import save_weights

NAME, SEED = "kills", 2  # a front of several
INPUT_HW = (64, 32)
LENIENT = 60  # times a person's area: what an untrained network says is then right now and then
WAIT_S = 200
FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["tests.end_to_end.search_driver"])


@dataclass(frozen=True, slots=True)
class Search:
    """One run's folder, and what starts drivers on it."""

    storage: Path
    data: Path
    address: str
    trials: int

    @property
    def folder(self) -> Path:
        return self.storage / NAME

    @property
    def rows(self) -> list[Path]:
        return sorted((self.folder / "trials.parquet").glob("spatial_search-*.parquet"))

    @property
    def said(self) -> str:
        log = self.storage / "log"
        return log.read_text() if log.exists() else ""

    def config(self, slots: int) -> RunConfig:
        base = tiny()
        return replace(
            base, name=NAME, seed=SEED, storage=self.storage, stages=("spatial_search",),
            data=DataConfig(root=self.data),
            space=replace(base.space, input_hw=INPUT_HW), search=replace(base.search, trials=self.trials),
            resources=ResourceConfig(address=self.address, slots=slots),
        )  # fmt: skip

    @contextmanager
    def started(self, slots: int) -> Iterator[ForkServerProcess]:
        """A driver that has not outlived the block."""
        give_supernet(self.folder)
        process = FORKS.Process(target=drive, args=(self.config(slots), self.storage / "log"))
        process.start()
        try:
            yield process
        finally:
            process.kill()
            process.join()

    def finish(self, slots: int) -> None:
        with self.started(slots) as driver:
            driver.join(WAIT_S)
            assert driver.exitcode == 0, self.said

    def wait_until(self, happened: Callable[[], bool], driver: ForkServerProcess) -> None:
        deadline = time.monotonic() + WAIT_S
        while not happened():
            assert driver.is_alive(), self.said
            assert time.monotonic() < deadline, self.said
            time.sleep(0.01)

    def table(self) -> pd.DataFrame:
        return pd.read_parquet(self.folder / "trials.parquet").sort_values("trial").reset_index(drop=True)


def drive(config: RunConfig, log: Path) -> None:
    """In the driver: as `python -m platform.search` does it, with its words in a file."""
    with log.open("a") as file:
        sys.stdout = sys.stderr = file
        run(config, Console(file=file, width=200))


def give_supernet(folder: Path) -> None:
    path = folder / "supernet.safetensors"
    if not path.exists():
        space = build_space(tiny().space.name, input_hw=INPUT_HW)
        supernet = initialise(space.supernet(), seed=3, sigma=0.2)
        facts = {"space": space.name, "keypoints": str(space.keypoints)}
        save_weights(path, supernet.state_dict(), facts)


def lenient_data(folder: Path) -> Path:
    """A few made people whom even an untrained network finds here and there."""
    root = write_made_dataset(folder, MadeConfig(clips=8, frames_per_clip=2, people_per_clip=2))
    path = root / "annotations" / "person_keypoints_val2017.json"
    content = json.loads(path.read_text())
    for annotation in content["annotations"]:
        annotation["area"] *= LENIENT
    path.write_text(json.dumps(content))
    return root

"""A command whose training, in a local Ray session, hangs or meets an error in its first step."""

from __future__ import annotations

import sys
import time
from collections.abc import Generator, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from rich.console import Console

from platform.config.recipes import tiny
from platform.config.sections.resources import ResourceConfig
from platform.run.cluster import ray_session
from platform.run.context import Run, spatial_task
from platform.run.folder import open_run_folder
from platform.terminal.command_line import run
from platform.training.on_ray_train import run_training
from workers.training.config import SpatialTask
from workers.training.loops.loop import StepReport
from workers.training.parallel.ranks import Ranks


class OddTraining:
    """Leaves a file `starts` with a letter for each time that it began; never ends well."""

    steps_per_epoch, epoch, finished = 4, 0, False

    def __init__(self, task: SpatialTask, word: str, folder: Path, ranks: Ranks) -> None:
        self.task, self.ranks, self.word, self.folder, self.step = task, ranks, word, folder, 0
        self.data = SimpleNamespace(say=print)

    def steps(self) -> Generator[StepReport, None, None]:
        with (self.folder / "starts").open("a") as file:
            file.write("x")
        if self.word == "hang":
            time.sleep(600)
        yield from self._broken()

    def _broken(self) -> Iterator[StepReport]:
        raise ZeroDivisionError("nothing to divide by")

    def state(self) -> dict[str, Any]:
        return {}

    def load(self, state: dict[str, Any]) -> None:
        raise AssertionError("no checkpoint was written")


def main(arguments: list[str]) -> int:
    word, folder = arguments[0], Path(arguments[1])
    config = replace(
        tiny(), storage=folder, resources=ResourceConfig(cpus=1, train_workers=1, object_store_mib=128)
    )
    run_folder = open_run_folder(config)
    untracked: Any = None  # without a report there is nothing to send
    context = Run(config, run_folder, untracked, Console(width=200))
    make: Any = partial(OddTraining, spatial_task(config), word, folder)
    with ray_session(config.resources):
        run_training(context, "spatial_train", make, steps=4)
    print("behind the training", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(run(main, sys.argv[1:]))

"""A command that searches in a local Ray session, with trials of which one hangs."""

from __future__ import annotations

import sys
from pathlib import Path

import ray

from platform.config.sections.resources import ResourceConfig
from platform.run.cluster import ray_session
from platform.terminal.command_line import run
from platform.trials.on_ray_tune import run_trials
from tests.workers.search.odd_evaluator import OddInputs, Word


class Given:
    """A sampler that proposes given words."""

    def __init__(self, *texts: str) -> None:
        self.words = [Word(text, number) for number, text in enumerate(texts)]

    def propose(self, trial: int) -> Word:
        return self.words[trial]


def main(arguments: list[str]) -> int:
    folder = Path(arguments[0])
    with ray_session(ResourceConfig(cpus=1, object_store_mib=128)):
        run_trials(
            Given("fine", "fine", "hang"), range(3), ray.put(OddInputs(folder / "begun")),
            ResourceConfig(slots=1), folder / "ray",
            lambda trial, _, measured: print("row", trial, flush=True),
        )  # fmt: skip
    print("behind the search", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(run(main, sys.argv[1:]))

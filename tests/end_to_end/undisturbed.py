"""A training of the first stage on two processes that meet without Ray: what a disturbed one must end as."""

from __future__ import annotations

from collections import deque
from pathlib import Path

import torch
from torch import distributed

from platform.config.paths import data_root
from platform.config.run import RunConfig
from platform.run.context import spatial_task
from tests.forks import FORKS
from workers.data.coco import read_people
from workers.training.parallel.ranks import Ranks
from workers.training.tasks.supernet import SupernetTraining
from workers.weights.safetensors import save_weights

WORKERS = 2
LIMIT_S = 600


def save_trained(config: RunConfig, folder: Path) -> None:
    """Writes the supernet that each rank ends with into `folder`; the run's data are there already."""
    processes = [
        FORKS.Process(target=_train, args=(config, Ranks(rank, WORKERS), folder)) for rank in range(WORKERS)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join(LIMIT_S)
    assert [process.exitcode for process in processes] == [0] * WORKERS


def _train(config: RunConfig, ranks: Ranks, folder: Path) -> None:
    torch.set_num_threads(config.resources.cpus_per_train_worker)
    meeting = f"file://{folder / 'meeting'}"
    distributed.init_process_group("gloo", meeting, rank=ranks.rank, world_size=ranks.world_size)
    people = read_people(data_root(config), config.data.train_split)
    training = SupernetTraining(spatial_task(config), people, ranks)
    deque(training.steps(), maxlen=0)
    save_weights(folder / f"rank{ranks.rank}.safetensors", training.state()["supernet"], {})
    distributed.destroy_process_group()

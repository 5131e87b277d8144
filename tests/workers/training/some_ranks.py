"""One rank of a training takes steps, in a process of its own where it is one of several."""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Mapping
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import distributed

from spaces.registry import build_space
from spaces.temporal.allocation import OPERATIONS
from tests.workers.training.some_clips import key_frame, read_clips, some_allocation
from workers.data.batches.samples import Batch, Plan, SampleMaker
from workers.data.batches.training_set import TrainingSet
from workers.data.coco import read_people
from workers.errors import TrainingError
from workers.training.config import SpatialTask, TrainConfig
from workers.training.loops.loop import TrainingLoop
from workers.training.parallel.ranks import Ranks
from workers.training.tasks.allocation import AllocationTraining
from workers.training.tasks.clips import ClipTraining
from workers.training.tasks.network import NetworkTraining, Start
from workers.training.tasks.supernet import SupernetTraining
from workers.training.tasks.temporal_supernet import PropagationTraining

INPUT_HW, SIGMA_CELLS = (64, 32), 1.5


def poison_targets(data: TrainingSet, poison: Iterator[float]) -> None:
    """Lets every batch of the set have the next of `poison` added to one cell of its target heatmaps."""
    make = data._make

    def poisoned(maker: SampleMaker, plans: Iterable[Plan], batch_size: int) -> Generator[Batch, None, None]:
        for batch in make(maker, plans, batch_size):
            batch.targets[0, 0, 0, 0] += next(poison)
            yield batch

    data._make = poisoned  # type: ignore[method-assign]


def task(**recipe: Any) -> SpatialTask:
    defaults = {"epochs": 1, "batch_size": 8, "warmup_steps": 0, "init_sigma": 0.1}
    train = TrainConfig(**(defaults | recipe))
    return SpatialTask(
        space="mobilenetv3-small", input_hw=INPUT_HW, sigma_cells=SIGMA_CELLS, seed=5, train=train
    )


def trained(
    data: Path, ranks: Ranks, *, steps: int = 1, poisoned: Collection[int] = (), double: bool = False,
    kind: str = "supernet", **recipe: Any,
) -> dict[str, Any]:  # fmt: skip
    """Reports, last gradients and weights after so many steps, and the text of an error that ended them.

    In `double`, rounding is out of the way: what differs then is not the same computation. Of kind "network"
    the biggest subnet's plain network is trained instead of the supernet, of kind "clips" the T supernet, of
    kind "allocation" two networks of it alone.
    """
    training = TRAININGS[kind](task(**recipe), data, ranks)
    if ranks.rank == ranks.world_size - 1:
        poison = (np.inf if batch in poisoned else 0.0 for batch in range(100))
        poison_targets(training.data, poison)
    if double:
        _compute_in_double(training)
    reports: list[dict[str, Any]] = []
    error = ""
    try:
        reports.extend(asdict(report) for report in islice(training.steps(), steps))
    except TrainingError as raised:
        error = str(raised)
    gradients = {n: p.grad for n, p in training.network.named_parameters() if p.grad is not None}
    weights = training.network.state_dict()
    return {"reports": reports, "error": error, "gradients": gradients, "weights": weights}


def _compute_in_double(training: TrainingLoop) -> None:
    network = training.network.double()
    training.forward = lambda images, *rest: network(images.double(), *rest)
    if isinstance(training, ClipTraining):
        key_frame_network = key_frame().network().double()
        training.key_frame = lambda images: key_frame_network(images.double())


def _supernet(task: SpatialTask, data: Path, ranks: Ranks) -> TrainingLoop:
    return SupernetTraining(task, read_people(data, "train2017"), ranks)


def _network(task: SpatialTask, data: Path, ranks: Ranks) -> TrainingLoop:
    people = read_people(data, "train2017")
    biggest = build_space(task.space, people.skeleton.keypoints, task.input_hw).biggest()
    return NetworkTraining(task, people, Start(architecture=biggest), ranks)


def _clips(task: SpatialTask, data: Path, ranks: Ranks) -> TrainingLoop:
    return PropagationTraining(task, read_clips(data), key_frame(), OPERATIONS, ranks)


def _allocation(task: SpatialTask, data: Path, ranks: Ranks) -> TrainingLoop:
    return AllocationTraining(task, read_clips(data), some_allocation(), ranks)


TRAININGS: Mapping[str, Callable[[SpatialTask, Path, Ranks], TrainingLoop]] = {
    "supernet": _supernet, "network": _network, "clips": _clips,
    "allocation": _allocation,
}  # fmt: skip


def write_trained(ranks: Ranks, meeting: Path, data: Path, out: Path, **options: Any) -> None:
    """In a process of its own: what it trained with the others that come to the file `meeting`."""
    torch.set_num_threads(1)
    distributed.init_process_group("gloo", f"file://{meeting}", rank=ranks.rank, world_size=ranks.world_size)
    torch.save(trained(data, ranks, **options), out)
    distributed.destroy_process_group()

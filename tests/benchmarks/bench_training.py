"""What Ray Train and weight sharing cost a supernet's training.

(a) Ray Train with two one-thread workers against a plain PyTorch loop on the same two cores: images per
second of the same global batches, start-up apart. The loop runs before and after, so that a neighbour strikes
both.
(b) A sandwich step against four separate networks of the same architectures, each with its own forward,
backward and update: on one thread, by processor time, taken in turn.
"""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import ray
import torch
from torch import Tensor, nn

from platform.config.recipes import coco_mbv3, smoke
from platform.config.run import RunConfig
from platform.config.sections.resources import ResourceConfig
from platform.run.cluster import ray_session
from platform.stages.spatial.scoring import evenly_spaced_people
from platform.training.on_ray_train import trainer
from spaces.architecture import Architecture
from spaces.extract import extract
from spaces.initialise import initialise
from spaces.registry import build_space
from spaces.space import SearchSpace
from tests.benchmarks.figure import Figure, at_least, at_most
from tests.threads import one_thread
from workers.data.batches.people_set import PeopleTrainingSet
from workers.data.coco import read_people
from workers.data.codec import Codec
from workers.data.normalise import to_input
from workers.data.people import People
from workers.data.synthetic.config import SyntheticConfig
from workers.data.synthetic.dataset import write_synthetic_dataset
from workers.progress import ProgressBoard
from workers.training.config import SpatialTask
from workers.training.loops.loop import StepReport
from workers.training.loops.loss import heatmap_loss
from workers.training.loops.sandwich import Sandwich, sandwich_at, sandwich_backward
from workers.training.on_ray_train import TrainingJob
from workers.training.parallel.ranks import CPU
from workers.training.tasks.supernet import SupernetTraining

CORES = 2
WARM_STEPS = 2
LEAST_SHARE, MOST_COST = 0.95, 1.05
SANDWICH_BATCH, SANDWICHES = 4, 5
NICENESS = "RAY_worker_niceness"
SYNTHETIC = SyntheticConfig(clips=40, frames_per_clip=4, people_per_clip=3)


def measure() -> list[Figure]:
    with tempfile.TemporaryDirectory() as folder:
        people = read_people(write_synthetic_dataset(Path(folder) / "data", SYNTHETIC), "train2017")
        return [*_on_ray(people, Path(folder)), *_sandwiches()]


def _on_ray(people: People, folder: Path) -> Iterator[Figure]:
    """BatchNorm by each worker's part of the batch, as in `smoke`; and by the whole, in many messages."""
    for recipe, batch, steps in ((smoke(), 16, 72), (coco_mbv3(), 8, 10)):
        people = evenly_spaced_people(people, min(len(people), steps * batch))
        task = _task(recipe, len(people), batch, steps)
        before = plain_images_per_s(task, people, steps)
        apart, synced = (
            ray_images_per_s(_with_sync_norm(task, sync), people, str(folder / f"{recipe.name}-{sync}"))
            for sync in (False, True)
        )
        plain = statistics.mean((before, plain_images_per_s(task, people, steps)))
        yield Figure(name=f"plain loop, {recipe.name}", figure=plain, unit="images/s")
        yield at_least(f"Ray Train / plain loop, {recipe.name}", apart / plain, "ratio", LEAST_SHARE)
        yield Figure(name="the same with sync-norm", figure=synced / plain, unit="ratio")


def _with_sync_norm(task: SpatialTask, sync: bool) -> SpatialTask:
    return replace(task, train=replace(task.train, sync_norm=sync))


def _task(recipe: RunConfig, people: int, batch: int, steps: int) -> SpatialTask:
    """The recipe at a batch that two cores can bear, for some `steps`; nothing is written on the way."""
    epochs = -(-steps * batch // people)
    train = replace(
        recipe.train, batch_size=batch, epochs=epochs, validate_every_epochs=0,
        checkpoint_every_epochs=epochs + 1, checkpoint_every_steps=1_000_000,
    )  # fmt: skip
    return SpatialTask(
        space=recipe.space.name, input_hw=recipe.space.input_hw, sigma_cells=recipe.space.sigma_cells,
        seed=0, train=train,
    )  # fmt: skip


def plain_images_per_s(task: SpatialTask, people: People, steps: int) -> float:
    """A loop as one writes it by hand: one process, both cores inside PyTorch's operators."""
    torch.set_num_threads(CORES)
    space = build_space(task.space, input_hw=task.input_hw)
    supernet = initialise(space.supernet(), task.seed, task.train.init_sigma).train()
    optimizer = torch.optim.Adam(supernet.parameters(), task.train.learning_rate)
    data = PeopleTrainingSet(people, Codec(task.input_hw, task.sigma_cells), task.train.augmentation)
    took: list[float] = []
    for epoch in range(task.train.epochs):
        with data.batches(task.seed, epoch, task.train.batch_size) as batches:
            start_s = time.perf_counter()
            for batch in batches:
                sandwich = sandwich_at(space, task.seed, len(took), task.train.random_subnets)
                optimizer.zero_grad(set_to_none=True)
                target, weight = torch.from_numpy(batch.targets), torch.from_numpy(batch.weights)
                sandwich_backward(supernet, sandwich, to_input(batch.images, CPU), target, weight)
                optimizer.step()
                took.append(time.perf_counter() - start_s)
                if len(took) == WARM_STEPS + steps // 2:
                    return task.train.batch_size / statistics.mean(took[WARM_STEPS:])
                start_s = time.perf_counter()
    raise AssertionError(f"{len(took)} steps are too few")


def ray_images_per_s(task: SpatialTask, people: People, uri: str) -> float:
    """What the workers report of a whole training by the platform, without its first steps."""
    resources = ResourceConfig(cpus=CORES, train_workers=CORES, object_store_mib=256)
    with _ray_workers_as_nice_as_we(), ray_session(resources):
        board: Any = ray.remote(ProgressBoard).options(num_cpus=0).remote()
        make = partial(SupernetTraining, task, people)
        job = TrainingJob(make=make, checkpoints_uri=uri, threads=1, board=board)
        trainer(job, resources, uri).fit()
        reports = [event for event in ray.get(board.drain.remote()) if isinstance(event, StepReport)]
    first, last = reports[WARM_STEPS - 1], reports[-1]
    images = (last.step - first.step) * task.train.batch_size
    return images / (_busy_s(last, task) - _busy_s(first, task))


def _busy_s(report: StepReport, task: SpatialTask) -> float:
    return (report.step + 1) * task.train.batch_size / report.images_per_s


@contextmanager
def _ray_workers_as_nice_as_we() -> Iterator[None]:
    """Ray gives its workers niceness 15, which costs them the cores whenever anybody else wants one."""
    before = os.environ.get(NICENESS)
    os.environ[NICENESS] = "0"
    try:
        yield
    finally:
        del os.environ[NICENESS]
        if before is not None:
            os.environ[NICENESS] = before


def _sandwiches() -> Iterator[Figure]:
    with one_thread():
        for recipe in (smoke(), coco_mbv3()):
            name = f"sandwich step / four networks, {recipe.space.name}"
            yield at_most(name, sandwich_cost(recipe), "ratio", MOST_COST)


def sandwich_cost(recipe: RunConfig) -> float:
    """Median over several sandwiches of the supernet's step against the sum of its members' own."""
    space = build_space(recipe.space.name, input_hw=recipe.space.input_hw)
    supernet = initialise(space.supernet(), 0, 0.05).train()
    images = torch.randn(SANDWICH_BATCH, 3, *space.input_hw).to(memory_format=torch.channels_last)
    target, weight = torch.rand_like(supernet(images, space.biggest())), torch.ones(SANDWICH_BATCH, 17)
    update = torch.optim.Adam(supernet.parameters(), fused=True)

    def shared(sandwich: Sandwich) -> float:
        start_s = time.process_time()
        update.zero_grad(set_to_none=True)
        sandwich_backward(supernet, sandwich, images, target, weight)
        update.step()
        return time.process_time() - start_s

    ratios = []
    for step in range(SANDWICHES + 1):
        sandwich = sandwich_at(space, 0, step, random_subnets=2)
        members = (sandwich.biggest, sandwich.smallest, *sandwich.random)
        apart = [_Separate(space, supernet, member, images, target, weight) for member in members]
        for network in apart:
            network.step_s()
        shared(sandwich)
        before, alone, after = shared(sandwich), sum(one.step_s() for one in apart), shared(sandwich)
        ratios.append((before + after) / 2 / alone)
    return statistics.median(ratios[1:])


class _Separate:
    """One member of a sandwich as a plain network that trains alone."""

    def __init__(
        self, space: SearchSpace, supernet: nn.Module, architecture: Architecture,
        images: Tensor, target: Tensor, weight: Tensor,
    ) -> None:  # fmt: skip
        self.network = extract(space, supernet, architecture).train()
        self.update = torch.optim.Adam(self.network.parameters(), fused=True)
        self.batch = images, target, weight

    def step_s(self) -> float:
        images, target, weight = self.batch
        start_s = time.process_time()
        self.update.zero_grad(set_to_none=True)
        heatmap_loss(self.network(images), target, weight).backward()
        self.update.step()
        return time.process_time() - start_s

"""The training loop of a spatial supernet: Ray-free, a step at a time, its state in one dictionary."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from spaces.initialise import initialise
from spaces.registry import build_space
from workers.data.batches import Batch, TrainingSet
from workers.data.codec import Codec
from workers.data.normalise import to_input
from workers.data.people import People
from workers.training.config import SpatialTask
from workers.training.ranks import Ranks
from workers.training.sandwich import SandwichLosses, sandwich_at, sandwich_backward
from workers.training.schedule import learning_rate

State = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class StepReport:
    """What one step did; losses are this worker's own."""

    epoch: int
    step: int
    steps: int  # of the whole training
    loss_biggest: float
    loss_smallest: float
    loss_random: float
    learning_rate: float
    images_per_s: float  # of all workers, since this process started training
    data_wait_share: float  # of the time since then


class SupernetTraining:
    """Trains on the device of `ranks`. `state()` and `load()` carry it from process to process."""

    def __init__(self, task: SpatialTask, people: People, ranks: Ranks) -> None:
        self.task, self.ranks, self.device = task, ranks, ranks.device
        codec = Codec(task.input_hw, task.sigma_cells)
        self.data = TrainingSet(
            people, codec, task.train.augmentation, memory_bytes=task.train.memory_mib << 20
        )
        self.space = build_space(task.space, people.skeleton.keypoints, task.input_hw)
        network = initialise(self.space.supernet(), task.seed, task.train.init_sigma).train()
        self.supernet: nn.Module = network.to(self.device)
        self.optimizer = torch.optim.Adam(self.supernet.parameters(), task.train.learning_rate, fused=True)
        self.step = 0
        """Over all epochs: how many are done, and the index of the next."""
        self._started_s, self._images, self._wait_s = time.perf_counter(), 0, 0.0

    @property
    def steps_per_epoch(self) -> int:
        return self.data.steps_per_epoch(self.task.train.batch_size)

    @property
    def total_steps(self) -> int:
        return self.task.train.epochs * self.steps_per_epoch

    @property
    def epoch(self) -> int:
        """Whole passes over the people that are done."""
        return self.step // self.steps_per_epoch

    @property
    def finished(self) -> bool:
        return self.step >= self.total_steps

    def state(self) -> State:
        """All that a resumed training needs; data order and architectures follow from seed and step.

        Valid between any two steps. The tensors are the live ones: write or copy them before the next step.
        """
        return {
            "supernet": self.supernet.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "step": self.step,
        }

    def load(self, state: State) -> None:
        """Goes on from `state`: what follows is, bit for bit, what the run that wrote it would have done."""
        self.supernet.load_state_dict(state["supernet"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.step = state["step"]

    def steps(self) -> Generator[StepReport, None, None]:
        """Trains from `step` to the end, across epochs; each report comes after its step is done.

        Between two reports `state()` may be taken. `close()`, or dropping it, ends the prefetching.
        """
        while not self.finished:
            yield from self._epoch_steps()

    def run_epoch(self, on_step: Callable[[StepReport], None] = lambda _: None) -> StepReport:
        """The rest of the present epoch; returns the report of its last step."""
        for report in self._epoch_steps():
            on_step(report)
        return report

    def _epoch_steps(self) -> Generator[StepReport, None, None]:
        config, ranks = self.task.train, self.ranks
        epoch, start = divmod(self.step, self.steps_per_epoch)
        source = self.data.batches(
            self.task.seed, epoch, config.batch_size, ranks.rank, ranks.world_size, start
        )
        with source as batches:
            waited_s = self._wait_s
            for batch in batches:
                self._wait_s = waited_s + batches.wait_s
                losses = self._train_step(batch, self.step)
                report = self._report(epoch, losses)
                self.step += 1
                yield report

    def _train_step(self, batch: Batch, step: int) -> SandwichLosses:
        config = self.task.train
        self._set_learning_rate(learning_rate(config, step, self.steps_per_epoch))
        self.optimizer.zero_grad(set_to_none=True)
        losses = sandwich_backward(
            self.supernet,
            sandwich_at(self.space, self.task.seed, step, config.random_subnets),
            to_input(batch.images, self.device),
            torch.from_numpy(batch.targets).to(self.device),
            torch.from_numpy(batch.weights).to(self.device),
            truth_weight=config.truth_weight,
            soft_weight=config.soft_weight,
            scale=batch.share * self.ranks.world_size,
        )
        self.ranks.mean_gradients(self.supernet.parameters())
        self.optimizer.step()
        self._images += config.batch_size
        return losses

    def _set_learning_rate(self, rate: float) -> None:
        for group in self.optimizer.param_groups:
            group["lr"] = rate

    def _report(self, epoch: int, losses: SandwichLosses) -> StepReport:
        elapsed_s = time.perf_counter() - self._started_s
        return StepReport(
            epoch=epoch,
            step=self.step,
            steps=self.total_steps,
            loss_biggest=losses.biggest,
            loss_smallest=losses.smallest,
            loss_random=losses.random,
            learning_rate=self.optimizer.param_groups[0]["lr"],
            images_per_s=self._images / elapsed_s,
            data_wait_share=self._wait_s / elapsed_s,
        )

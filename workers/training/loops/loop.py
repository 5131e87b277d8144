"""The loop of every training: Ray-free, a step at a time, its state in one dictionary."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Generator
from dataclasses import dataclass
from typing import Any, ClassVar, final

import torch
from torch import Tensor, nn

from workers.data.batches.training_set import TrainingSet
from workers.training.config import SpatialTask
from workers.training.loops.feed import DeviceBatch, Feed
from workers.training.loops.meter import Meter, peak_memory_mib
from workers.training.loops.schedule import learning_rate
from workers.training.loops.update import WeightUpdate
from workers.training.parallel.global_norm import use_global_batch
from workers.training.parallel.ranks import Ranks
from workers.training.precision import compute_dtype, computing_in

State = dict[str, Any]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class StepReport:
    """What one step did; losses are means over the whole global batch."""

    epoch: int
    step: int
    steps: int  # of the whole training
    loss_biggest: float
    loss_smallest: float
    loss_random: float
    learning_rate: float
    images_per_s: float  # of all workers, over the steps since this process started training
    data_wait_share: float  # of the time that these steps took
    memory_mib: float  # this worker's peak: the GPU's memory on one, else the process's resident memory
    skipped: int  # steps so far whose loss or gradient was not finite


class TrainingLoop(ABC):
    """Trains `network` on the device of `ranks`. `state()` and `load()` carry it from process to process."""

    weights_name: ClassVar[str]
    """What `state()` calls the network's weights."""

    def __init__(self, task: SpatialTask, data: TrainingSet, ranks: Ranks, network: nn.Module) -> None:
        self.task, self.data, self.ranks, self.device = task, data, ranks, ranks.device
        self.network = network.train().to(self.device)
        if self.device.type == "cuda":  # inputs are channels_last anywhere; on CPU their weights need not be
            self.network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # untyped in torch
        if task.train.sync_norm:
            use_global_batch(self.network, ranks)
        dtype = compute_dtype(task.train.precision, self.device)
        self.forward = computing_in(dtype, self.network, self.device)
        self.update = WeightUpdate(self.network, task.train, ranks)
        self.meter = Meter()
        self.step = 0
        """Over all epochs: how many are done, and the index of the next."""

    @abstractmethod
    def backward(self, inputs: DeviceBatch, scale: float) -> Tensor:
        """Adds this worker's gradients, times `scale`, for the step `step`.

        Returns (3,) detached mean losses over `inputs`: of biggest, smallest and random subnets.
        """

    @abstractmethod
    def trained(self) -> str:
        """The architectures of the step `step`, for messages."""

    @property
    def steps_per_epoch(self) -> int:
        return self.data.steps_per_epoch(self.task.train.batch_size)

    @property
    def total_steps(self) -> int:
        return self.task.train.epochs * self.steps_per_epoch

    @property
    def epoch(self) -> int:
        """Whole passes over the samples, people or clips, that are done."""
        return self.step // self.steps_per_epoch

    @property
    def finished(self) -> bool:
        return self.step >= self.total_steps

    def state(self) -> State:
        """All that a resumed training needs; data order and architectures follow from seed and step.

        Valid between any two steps. The tensors are the live ones: write or copy them before the next step.
        """
        weights = self.network.state_dict()
        return {self.weights_name: weights, "step": self.step, **self.update.state()}

    def load(self, state: State) -> None:
        """Goes on from `state`: what follows is, bit for bit, what the run that wrote it would have done."""
        self.network.load_state_dict(state[self.weights_name])
        self.update.load(state)
        self.step = state["step"]

    def steps(self) -> Generator[StepReport, None, None]:
        """Trains from `step` to the end, across epochs; each report comes after its step is done.

        Between two reports `state()` may be taken. `close()`, or dropping it, ends the prefetching.
        Raises TrainingError after `max_skipped_steps` steps in a row without finite losses and gradients.
        """
        while not self.finished:
            yield from self._epoch_steps()

    def _epoch_steps(self) -> Generator[StepReport, None, None]:
        config, ranks = self.task.train, self.ranks
        epoch, start = divmod(self.step, self.steps_per_epoch)
        started_s, waited_s = time.perf_counter(), 0.0
        batches = self.data.batches(
            self.task.seed, epoch, config.batch_size, ranks.rank, ranks.world_size, start
        )
        with Feed(batches, self.device) as feed:
            for inputs in feed:
                losses = self._train_step(inputs)
                images = config.batch_size * self.data.frames
                self.meter.add(images, time.perf_counter() - started_s, feed.wait_s - waited_s)
                report = self._report(epoch, losses)
                self.step += 1
                yield report
                started_s, waited_s = time.perf_counter(), feed.wait_s

    def _train_step(self, inputs: DeviceBatch) -> list[float]:
        self.update.begin(learning_rate(self.task.train, self.step, self.steps_per_epoch))
        scale = inputs.share * self.ranks.world_size  # the mean over the workers is then that of the batch
        losses = self.backward(inputs, scale) * scale
        means = self.update.finish(losses)
        self.update.check(self.step, means, self.trained)
        return means

    def _report(self, epoch: int, losses: list[float]) -> StepReport:
        biggest, smallest, random = losses
        return StepReport(
            epoch=epoch,
            step=self.step,
            steps=self.total_steps,
            loss_biggest=biggest,
            loss_smallest=smallest,
            loss_random=random,
            learning_rate=self.update.learning_rate,
            images_per_s=self.meter.images_per_s,
            data_wait_share=self.meter.data_wait_share,
            memory_mib=peak_memory_mib(self.device),
            skipped=self.update.skipped,
        )

"""The thin Ray Train adapter: every worker restores, trains, leaves its progress; the first one checkpoints.

Ray Train keeps the workers alive; the checkpoints are ours (`checkpoints.py`), because Ray's list of them is
rewritten in place: a driver killed in that moment leaves one with which no run can start.
"""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from typing import Any, final

import ray
import ray.train
import ray.train.collective
import ray.train.torch
import torch
import torch.distributed
from ray.exceptions import RayError

from spaces.errors import VipnasError
from workers.errors import TrainingError, UnexpectedError, is_of_the_machine, of_the_machine
from workers.memory import keep_freed_memory
from workers.progress import Notice
from workers.threads import computing_on, use_threads
from workers.training.checkpoint_policy import CheckpointMetrics, CheckpointPolicy
from workers.training.checkpoints import CheckpointStore
from workers.training.loops.loop import StepReport
from workers.training.parallel.ranks import Ranks
from workers.training.tasks.training import Training
from workers.training.tasks.validation import Scoring, ValidationReport

COMMUNICATION = ("gloo", "NCCL", "Connection closed by peer", "Connection reset by peer")  # in RuntimeErrors
ASK_EVERY_STEPS = 5  # for a notice of preemption: all workers ask together, which takes milliseconds


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingJob:
    """All that a Ray Train worker is told."""

    make: Callable[[Ranks], Training]
    """Pickled by reference, so from workers/: partial(SupernetTraining, task, people)."""
    checkpoints_uri: str
    threads: int
    board: Any
    """Handle of a ProgressBoard: gets StepReport, ValidationReport, Notice, and an error that ends all."""
    validation: Scoring | None = None
    """What scores a supernet during its training, if anything does."""
    validation_threads: int = 1
    """A trial's, so that what it scores is what a search would score."""


def train(config: dict[str, TrainingJob]) -> None:
    """What every Ray Train worker runs; Ray wants a dictionary, and `job` is its only key.

    An error that a person must mend, or one in the program itself, would come again with every retry: the
    board keeps it, and the workers that Ray starts after it end at once. What a worker meets because another
    one died is neither.
    """
    job = config["job"]
    if ray.get(job.board.failure.remote()) is not None:
        return
    try:
        _train(job)
    except VipnasError as error:
        ray.get(job.board.fail.remote(error))
        raise
    except Exception as error:
        if is_of_the_machine(error):
            ray.get(job.board.fail.remote(TrainingError(of_the_machine(error))))
        elif not _anothers(error):
            ray.get(job.board.fail.remote(UnexpectedError("the training", traceback.format_exc())))
        raise


def _anothers(error: Exception) -> bool:
    """Whether another process's end made the error: communication with it broke off."""
    if isinstance(error, RayError | torch.distributed.DistError | ConnectionError):
        return True
    words = str(error)
    return isinstance(error, RuntimeError) and any(word in words for word in COMMUNICATION)


def _train(job: TrainingJob) -> None:
    keep_freed_memory()
    use_threads(job.threads)
    context = ray.train.get_context()
    ranks = Ranks(context.get_world_rank(), context.get_world_size(), ray.train.torch.get_device())
    training = job.make(ranks)
    session = _Session(job, training)
    session.restore()
    try:
        with closing(training.steps()) as steps:
            for report in steps:
                session.after_step(report)
    except Exception as error:
        error.add_note(f"(rank {ranks.rank} of {ranks.world_size}, step {training.step})")
        raise


@final
class _Session:
    """One worker's part in one start of a training; only the first rank speaks and writes."""

    def __init__(self, job: TrainingJob, training: Training) -> None:
        config = training.task.train
        self.training, self.board, self.first = training, job.board, training.ranks.rank == 0
        self.store = CheckpointStore(job.checkpoints_uri, config.keep_checkpoints)
        self.policy = CheckpointPolicy.of(config, training.steps_per_epoch)
        self.metrics = CheckpointMetrics()
        self.validator = job.validation.validator(training) if job.validation else None
        self.validation_threads = job.validation_threads
        self.notice: ray.train.PreemptionInfo | None = None
        training.data.say = lambda text: job.board.post.remote(Notice(text))  # whichever rank it is

    def restore(self) -> None:
        """All ranks go on from the checkpoint that the first one finds whole."""
        newest = self.store.newest(self._say) if self.first else None
        step: int = ray.train.collective.broadcast_from_rank_zero(newest.step if newest else 0)
        if step:
            self.training.load(newest.state if newest else self.store.read(step))
        if self.first:
            self.store.forget_after(step)
        where = f"continues from the checkpoint at step {step}" if step else "starts"
        workers = self.training.ranks.world_size
        self._say(f"{where} on {workers} worker{'s' if workers > 1 else ''}")

    def after_step(self, report: StepReport) -> None:
        self._post(report)
        validation = self._validation()
        if validation is not None:
            self._post(validation)
        self.metrics.add(report, validation)
        preempted = self._preempted()
        if preempted or self.training.finished or self.policy.due(self.training.step):
            self._checkpoint()

    def _validation(self) -> ValidationReport | None:
        if self.validator is None:
            return None
        with computing_on(self.validation_threads):
            return self.validator.report_if_due()

    def _checkpoint(self) -> None:
        if self.first:
            self.store.save(self.training.step, self.training.state(), self.metrics.take())

    def _preempted(self) -> bool:
        """Whether a worker's node has been told, since the last question, that it will be taken away."""
        if self.training.step % ASK_EVERY_STEPS:
            return False
        before, self.notice = self.notice, ray.train.get_preemption_info()
        if self.notice is None or self.notice == before:
            return False
        self._say(f"a node goes {_when(self.notice.deadline_ms)}: checkpoint at step {self.training.step}")
        return True

    def _say(self, text: str) -> None:
        self._post(Notice(text))

    def _post(self, event: StepReport | ValidationReport | Notice) -> None:
        if self.first:
            self.board.post.remote(event)


def _when(deadline_ms: int | None) -> str:
    return "soon" if deadline_ms is None else f"in {max(0.0, deadline_ms / 1000 - time.time()):.0f} s"

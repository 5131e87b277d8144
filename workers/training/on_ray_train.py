"""The thin Ray Train adapter: restore, run epochs, report checkpoints."""

from __future__ import annotations

import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

import ray.train
import ray.train.torch
import torch
from ray.actor import ActorHandle

from workers.data.people import People
from workers.memory import keep_freed_memory
from workers.training.config import SpatialTask
from workers.training.ranks import Ranks
from workers.training.supernet_training import StepReport, SupernetTraining

CHECKPOINT_FILE = "training.pt"


def train_supernet(payload: dict[str, Any]) -> None:
    """What every Ray Train worker runs; the payload holds task, people, threads per worker and the board."""
    task: SpatialTask = payload["task"]
    people: People = payload["people"]
    board: ActorHandle[Any] | None = payload.get("board")
    keep_freed_memory()
    torch.set_num_threads(payload["threads"])
    context = ray.train.get_context()
    device = ray.train.torch.get_device()
    ranks = Ranks(context.get_world_rank(), context.get_world_size(), device)
    training = SupernetTraining(task, people, ranks)
    _restore(training)

    def on_step(report: StepReport) -> None:
        if ranks.rank == 0 and board is not None:
            board.post.remote(report)

    while not training.finished:
        report = training.run_epoch(on_step)
        biggest, smallest, random = ranks.mean(
            report.loss_biggest, report.loss_smallest, report.loss_random
        )
        means = {"loss_biggest": biggest, "loss_smallest": smallest, "loss_random": random}
        _report(training, asdict(report) | means)


def load_training_state(folder: Path) -> dict[str, Any]:
    """The state that a checkpoint folder holds."""
    state: dict[str, Any] = torch.load(folder / CHECKPOINT_FILE, map_location="cpu", weights_only=True)
    return state


def _restore(training: SupernetTraining) -> None:
    checkpoint = ray.train.get_checkpoint()
    if checkpoint is not None:
        with checkpoint.as_directory() as folder:
            training.load(load_training_state(Path(folder)))


def _report(training: SupernetTraining, metrics: dict[str, Any]) -> None:
    due = training.finished or training.epoch % training.task.train.checkpoint_every_epochs == 0
    if training.ranks.rank != 0 or not due:
        ray.train.report(metrics)
        return
    with tempfile.TemporaryDirectory() as folder:
        torch.save(training.state(), Path(folder) / CHECKPOINT_FILE)
        ray.train.report(metrics, checkpoint=ray.train.Checkpoint.from_directory(folder))

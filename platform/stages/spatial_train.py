"""Stage spatial_train: the supernet, by the sandwich rule, on Ray Train."""

from __future__ import annotations

import threading
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import ray
import ray.train
from ray.train.torch import TorchTrainer

from platform.console import StageProgress
from platform.stages.context import StageContext
from workers.errors import TrainingError
from workers.progress import ProgressBoard
from workers.training.on_ray_train import load_training_state, train_supernet
from workers.training.supernet_training import StepReport
from workers.weights.safetensors import save_weights

POLL_S = 0.5
METRIC_EVERY_STEPS = 10
CHARTED = ("loss_biggest", "loss_smallest", "loss_random", "learning_rate", "images_per_s", "data_wait_share")
MAX_FAILURES = 3  # workers that may die before the training gives up


def run(context: StageContext) -> None:
    if context.folder.supernet.exists():
        context.console.print(f"spatial_train: done before, {context.folder.supernet}", highlight=False)
        return
    people = context.people(context.config.data.train_split)
    task, resources = context.spatial_task(), context.config.resources
    steps = task.train.epochs * max(1, len(people) // task.train.batch_size)
    board = ray.remote(ProgressBoard).options(num_cpus=0).remote()
    payload = {
        "task": task, "people": people, "board": board, "threads": resources.cpus_per_train_worker,
    }  # fmt: skip
    with _watching(context, board, steps):
        result = _trainer(context, payload).fit()
    if result.error is not None or result.checkpoint is None:
        raise TrainingError(f"spatial_train stopped: {result.error or 'no checkpoint was written'}")
    with result.checkpoint.as_directory() as checkpoint:
        state = load_training_state(Path(checkpoint))
    space = context.space(people)
    save_weights(
        context.folder.supernet, state["supernet"], {"space": space.name, "keypoints": str(space.keypoints)}
    )


def _trainer(context: StageContext, payload: dict[str, Any]) -> TorchTrainer:
    config, resources = context.config, context.config.resources
    per_worker: dict[str, float] = {"CPU": resources.cpus_per_train_worker}
    if resources.gpus_per_train_worker:
        per_worker["GPU"] = resources.gpus_per_train_worker
    return TorchTrainer(
        train_supernet,
        train_loop_config=payload,
        scaling_config=ray.train.ScalingConfig(
            num_workers=resources.train_workers,
            use_gpu=resources.gpus_per_train_worker > 0,
            resources_per_worker=per_worker,
        ),
        run_config=ray.train.RunConfig(
            name="spatial_train",
            storage_path=str(context.folder.ray),
            failure_config=ray.train.FailureConfig(max_failures=MAX_FAILURES),
            checkpoint_config=ray.train.CheckpointConfig(num_to_keep=config.train.keep_checkpoints),
        ),
    )


class _watching:
    """Shows and logs what the workers post, from a thread beside the training."""

    def __init__(self, context: StageContext, board: Any, steps: int) -> None:
        self.context, self.board = context, board
        self.progress = StageProgress(context.console, "spatial_train", steps)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="training-progress", daemon=True)

    def __enter__(self) -> None:
        self.progress.__enter__()
        self._thread.start()

    def __exit__(self, *error: Any) -> None:
        self._stop.set()
        self._thread.join()
        self.progress.__exit__(*error)

    def _watch(self) -> None:
        while not self._stop.wait(POLL_S):
            self._take(ray.get(self.board.drain.remote()))
        self._take(ray.get(self.board.drain.remote()))

    def _take(self, reports: list[StepReport]) -> None:
        for report in reports:
            if report.step % METRIC_EVERY_STEPS == 0 or report.step + 1 == report.steps:
                figures = {f"train/{name}": asdict(report)[name] for name in CHARTED}
                self.context.tracking.log_metrics(figures, report.step, int(time.time() * 1000))
        if reports:
            last = reports[-1]
            self.progress.show(last.step + 1, _line(last))


def _line(report: StepReport) -> str:
    return (
        f"epoch {report.epoch + 1}, loss biggest {report.loss_biggest:.2e} "
        f"smallest {report.loss_smallest:.2e} random {report.loss_random:.2e}, "
        f"{report.images_per_s:.0f} images/s, waiting for data {report.data_wait_share:.1%}"
    )

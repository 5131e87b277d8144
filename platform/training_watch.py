"""What a person and MLflow see of a training: one live line, notices above it, and the curves."""

from __future__ import annotations

import threading
import time
from dataclasses import asdict
from typing import Any

import ray

from platform.console import StageProgress
from platform.stages.context import StageContext
from workers.progress import Notice
from workers.training.supernet_training import StepReport
from workers.training.validation import ValidationReport, collapse_warning

POLL_S = 0.5
METRIC_EVERY_STEPS = 10
UNCHARTED = ("epoch", "step", "steps")


class TrainingWatch:
    """Shows and logs what the workers post on the board, from a thread beside the training."""

    def __init__(self, context: StageContext, stage: str, board: Any, steps: int) -> None:
        self.context, self.stage, self.board = context, stage, board
        self.progress = StageProgress(context.console, stage, steps)
        self._scores: list[ValidationReport] = []
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

    def _take(self, events: list[StepReport | ValidationReport | Notice]) -> None:
        last = None
        for event in events:
            match event:
                case StepReport():
                    self._chart(event)
                    last = event
                case ValidationReport():
                    self._score(event)
                case Notice():
                    self._say(event.text)
        if last is not None:
            self.progress.show(last.step + 1, progress_line(last))

    def _chart(self, report: StepReport) -> None:
        if report.step % METRIC_EVERY_STEPS == 0 or report.step + 1 == report.steps:
            figures = {f"train/{k}": v for k, v in asdict(report).items() if k not in UNCHARTED}
            self._log(figures, report.step)

    def _score(self, report: ValidationReport) -> None:
        self._log(report.figures, report.step)
        self._scores.append(report)
        self._say(
            f"epoch {report.epoch}: AP of the biggest subnet {report.ap_biggest:.3f}, the smallest "
            f"{report.ap_smallest:.3f}, a random one {report.ap_random:.3f} ({report.total_s:.0f} s)"
        )
        if (warning := collapse_warning(self._scores)) is not None:
            self._say(f"warning: {warning}")

    def _log(self, figures: dict[str, float], step: int) -> None:
        self.context.tracking.log_metrics(figures, step, int(time.time() * 1000))

    def _say(self, text: str) -> None:
        self.context.console.print(f"{self.stage}: {text}", highlight=False, soft_wrap=True)


def progress_line(report: StepReport) -> str:
    return (
        f"epoch {report.epoch + 1}, loss biggest {report.loss_biggest:.2e} "
        f"smallest {report.loss_smallest:.2e} random {report.loss_random:.2e}, "
        f"{report.images_per_s:.0f} images/s, waiting for data {report.data_wait_share:.1%}"
    )

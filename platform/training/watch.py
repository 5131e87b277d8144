"""What a person and MLflow see of a training: one live line, notices above it, and the curves."""

from __future__ import annotations

import threading
import time
from dataclasses import asdict
from typing import Any, final

import ray

from platform.run.context import Run
from platform.terminal.progress import StageProgress
from workers.progress import Notice
from workers.training.loops.loop import StepReport
from workers.training.tasks.validation import ValidationReport, collapse_warning

POLL_S = 0.5
METRIC_EVERY_STEPS = 10
SUPERNET_CURVES = {"spatial_train": "train", "temporal_train": "temporal_train"}  # begin so, by stage
UNCHARTED = ("epoch", "step", "steps")


@final
class TrainingWatch:
    """Shows and logs what the workers post on the board, from a thread beside the training."""

    def __init__(self, context: Run, stage: str, board: Any, steps: int) -> None:
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
            self.progress.show(last.step + 1, progress_line(last, losses(self.stage, last)))

    def _chart(self, report: StepReport) -> None:
        if report.step % METRIC_EVERY_STEPS == 0 or report.step + 1 == report.steps:
            self._log(charted(self.stage, report), report.step)

    def _score(self, report: ValidationReport) -> None:
        self._log(validated(self.stage, report), report.step)
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


def losses(stage: str, report: StepReport) -> dict[str, float]:
    """Losses by name: those of three kinds of subnets, or the one of a network that is trained alone."""
    if stage not in SUPERNET_CURVES:
        return {"loss": report.loss_biggest}
    return {name: value for name, value in asdict(report).items() if name.startswith("loss_")}


def charted(stage: str, report: StepReport) -> dict[str, float]:
    """Figures of a step by their charts: train/loss_biggest of a supernet, STAGE/loss of a network."""
    costs = {name: value for name, value in asdict(report).items() if not name.startswith("loss_")}
    prefix = SUPERNET_CURVES.get(stage, stage)
    figures = losses(stage, report) | costs
    return {f"{prefix}/{name}": value for name, value in figures.items() if name not in UNCHARTED}


def validated(stage: str, report: ValidationReport) -> dict[str, float]:
    """Figures of a validation by their charts: val/ap_biggest, a T supernet's behind temporal_train/."""
    prefix = "" if stage == "spatial_train" else f"{stage}/"
    return {f"{prefix}{name}": value for name, value in report.figures.items()}


def progress_line(report: StepReport, losses: dict[str, float]) -> str:
    named = " ".join(f"{name.removeprefix('loss_')} {value:.2e}" for name, value in losses.items())
    return (
        f"epoch {report.epoch + 1}, {'' if 'loss' in losses else 'loss '}{named}, "
        f"{report.images_per_s:.0f} images/s, waiting for data {report.data_wait_share:.1%}, "
        f"{report.memory_mib:.0f} MiB{f', {report.skipped} steps skipped' if report.skipped else ''}"
    )

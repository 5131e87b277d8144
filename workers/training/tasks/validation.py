"""Validation during training: biggest, smallest and one random subnet, scored as a search scores them."""

from __future__ import annotations

import math
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Protocol, TypeVar, final, runtime_checkable

import numpy as np
import torch

from spaces.architecture import Architecture
from spaces.extract import extract
from spaces.streams import Stream, generator
from workers.data.codec import Codec
from workers.data.people import People
from workers.errors import TrainingError
from workers.evaluation.coco.ap import CocoScorer
from workers.evaluation.crops import ValidationCrops, prepare_crops
from workers.evaluation.evaluate import evaluate
from workers.training.tasks.supernet import SupernetTraining
from workers.training.tasks.training import Training

LEAST_AP = 0.05  # of the biggest subnet; below it figures are noise
LEAST_SHARE = 0.25  # of the biggest subnet's best AP, which the smallest must not fall below again


C_co = TypeVar("C_co", covariant=True)  # a subnet: an architecture, or an allocation over frames


@runtime_checkable
class Scoring(Protocol):
    """What subnets are scored on, as a value that travels to the worker that scores."""

    def validator(self, training: Training) -> Validator: ...


@final
@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ValidationTask:
    """What subnets are scored on; the worker that scores cuts the people out of their images itself."""

    people: People
    scorer: CocoScorer
    recalibration: People
    """Over whom BatchNorm statistics are pooled."""
    batch_size: int
    flip_test: bool = False

    def validator(self, training: Training) -> Validator:
        """TrainingError where it is one network's training, which has no subnets."""
        if not isinstance(training, SupernetTraining):
            raise TrainingError("only a supernet has subnets to validate, but this is one network's training")
        return SubnetValidator(self, training)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class ValidationReport:
    """AP of three subnets in mid-training; NaN where activations or heatmaps are not finite.

    COCO's of a spatial supernet, PoseTrack18's of a temporal one, there the mean over the frames.
    """

    epoch: int  # whole passes that were done
    step: int  # how many were done
    ap_biggest: float
    ap_smallest: float
    ap_random: float
    total_s: float

    @property
    def figures(self) -> dict[str, float]:
        """Figures by the names of their charts: val/ap_biggest and so on."""
        return {f"val/{name}": value for name, value in asdict(self).items() if name not in ("epoch", "step")}


@runtime_checkable
class Subnets(Protocol[C_co]):
    """The part of a space that is needed to choose from it."""

    def sample(self, rng: np.random.Generator) -> C_co: ...

    def biggest(self) -> C_co: ...

    def smallest(self) -> C_co: ...


def validated_subnets(space: Subnets[C_co], seed: int) -> Mapping[str, C_co]:
    """Whom to score, by name; the random one is fixed by the seed, so its AP over the epochs is a curve."""
    random = space.sample(generator(Stream.VALIDATED_SUBNET, seed))
    return {"biggest": space.biggest(), "smallest": space.smallest(), "random": random}


class Validator(ABC):
    """Scores subnets of a training under way, on the first of its ranks, and changes nothing of it.

    The others go on and wait at the next step's reduction. Weights are copied out, and random numbers are
    given back, so a training that is validated ends, bit for bit, like one that is not.
    """

    def __init__(self, training: Training) -> None:
        self._progress = training

    @abstractmethod
    def scores(self) -> Mapping[str, float]:
        """AP of the `validated_subnets`, by name; NaN where what one gives is not finite."""

    def report_if_due(self) -> ValidationReport | None:
        """Call it after each step: on rank 0, a report at the end of every so many epochs and of the last."""
        training = self._progress
        every = training.task.train.validate_every_epochs
        if training.ranks.rank != 0 or not every or training.step % training.steps_per_epoch:
            return None
        return self.report() if training.finished or training.epoch % every == 0 else None

    def report(self) -> ValidationReport:
        training, started_s = self._progress, time.perf_counter()
        with _random_numbers_kept():
            scores = {f"ap_{name}": ap for name, ap in self.scores().items()}
        total_s = time.perf_counter() - started_s
        return ValidationReport(epoch=training.epoch, step=training.step, total_s=total_s, **scores)


@final
class SubnetValidator(Validator):
    """Scores subnets of a spatial supernet during its training, in the worker that trains."""

    def __init__(self, task: ValidationTask, training: SupernetTraining) -> None:
        super().__init__(training)
        self.task, self.training = task, training

    def scores(self) -> Mapping[str, float]:
        subnets = validated_subnets(self.training.space, self.training.task.seed)
        return {name: self._score(subnet) for name, subnet in subnets.items()}

    def _score(self, architecture: Architecture) -> float:
        task, training = self.task, self.training
        network = extract(training.space, training.supernet, architecture).to(training.device)
        codec = Codec(training.task.input_hw, training.task.sigma_cells)
        try:
            result = evaluate(
                network, self._recalibration_images, self._crops, task.scorer, codec,
                task.batch_size, task.flip_test,
            )  # fmt: skip
        except TrainingError:  # what the network gave is not finite
            return math.nan
        return result.ap.ap

    @cached_property
    def _crops(self) -> ValidationCrops:
        return prepare_crops(self.task.people, self.training.task.input_hw)

    @cached_property
    def _recalibration_images(self) -> np.ndarray:
        return prepare_crops(self.task.recalibration, self.training.task.input_hw).images


@contextmanager
def _random_numbers_kept() -> Iterator[None]:
    """Building a network draws its first weights from torch's global generator."""
    with torch.random.fork_rng(devices=[]):
        yield


def collapse_warning(history: Sequence[ValidationReport]) -> str | None:
    """What to say after the last report when the smallest subnet collapses; None while it does not.

    It has collapsed when its AP is not finite, or below a quarter of the best AP that the biggest has had,
    after it was at least that. Epochs in which the biggest has not yet reached AP 0.05 do not count.
    """
    *before, (latest, best) = _with_best(history)
    if not math.isfinite(latest.ap_smallest):
        return f"epoch {latest.epoch}: the smallest subnet's heatmaps are not finite. {_ADVICE}"
    above = [report for report, best_then in before if _holds(report, best_then)]
    if not above or _holds(latest, best):
        return None
    return (
        f"epoch {latest.epoch}: the smallest subnet collapses: its AP is {latest.ap_smallest:.3f}, below "
        f"{LEAST_SHARE:g} of the biggest's best, {best:.3f}; at epoch {above[-1].epoch} it was "
        f"{above[-1].ap_smallest:.3f}. {_ADVICE}"
    )


_ADVICE = "Train again with a smaller learning rate or a longer warm-up."


def _holds(report: ValidationReport, best: float) -> bool:
    return best >= LEAST_AP and report.ap_smallest >= LEAST_SHARE * best


def _with_best(history: Sequence[ValidationReport]) -> Iterator[tuple[ValidationReport, float]]:
    """Each report with the best AP that the biggest subnet has had by then."""
    best = 0.0
    for report in history:
        best = max(best, report.ap_biggest) if math.isfinite(report.ap_biggest) else best
        yield report, best

"""What one trial of a search measures: a network's AP on validation crops after BatchNorm recalibration."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import final

import numpy as np
from torch import nn

from workers.data.codec import Codec
from workers.data.people import People
from workers.evaluation.coco.ap import CocoScorer, KeypointAP
from workers.evaluation.crops import Images, ValidationCrops
from workers.evaluation.predict import predict_keypoints
from workers.evaluation.recalibrate import recalibrate


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Rung:
    """The first rung of successive halving: whoever is below its threshold is not scored on the others."""

    people: int
    """The first so many crops: whole images, and a fair sample of them."""
    threshold: float | None = None
    """AP in [0, 1] on them from which the network is promoted: scored on all. None promotes every network."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """What came out and how long each part took."""

    ap: KeypointAP
    recalibrate_s: float
    evaluate_s: float


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class RungEvaluation:
    """An evaluation that may have ended at the first rung, and how long each part took."""

    ap: KeypointAP | None  # on all; None where the network was not promoted
    first_rung_ap: float | None  # None where there was no rung
    people: int  # that were scored
    recalibrate_s: float
    evaluate_s: float


def evaluate(
    network: nn.Module,
    recalibration_images: Images,
    crops: ValidationCrops,
    people: People | CocoScorer,
    codec: Codec,
    batch_size: int,
    flip_test: bool,
) -> Evaluation:
    """Recalibrates `network` in place on images (N, H, W, 3) uint8, predicts all crops and scores them.

    The same weights, images and batch size give the same figures whatever was evaluated before. A search
    passes a `CocoScorer`; `People` has the annotation file read at each call.
    Raises DataError without recalibration images and TrainingError when the network's output is not finite.
    """
    evaluated = evaluate_in_rungs(
        network, recalibration_images, crops, people, codec, batch_size, flip_test, rung=None
    )
    assert evaluated.ap is not None
    return Evaluation(ap=evaluated.ap, recalibrate_s=evaluated.recalibrate_s, evaluate_s=evaluated.evaluate_s)


def evaluate_in_rungs(
    network: nn.Module,
    recalibration_images: Images,
    crops: ValidationCrops,
    people: People | CocoScorer,
    codec: Codec,
    batch_size: int,
    flip_test: bool,
    rung: Rung | None,
) -> RungEvaluation:
    """Evaluates as `evaluate`, but only on the people of `rung` where the network is below its threshold."""
    scorer = people if isinstance(people, CocoScorer) else CocoScorer.from_people(people)
    started = time.perf_counter()
    recalibrate(network, recalibration_images, batch_size)
    recalibrated = time.perf_counter()

    def poses(rows: range) -> tuple[np.ndarray, np.ndarray]:
        return predict_keypoints(network, crops, codec, batch_size, flip_test, scorer.skeleton, rows)

    ap, first_ap, seen = _scored(crops, scorer, poses, rung)
    done = time.perf_counter()
    return RungEvaluation(
        ap=ap,
        first_rung_ap=first_ap,
        people=seen,
        recalibrate_s=recalibrated - started,
        evaluate_s=done - recalibrated,
    )


PosesOfRows = Callable[[range], tuple[np.ndarray, np.ndarray]]


def _scored(
    crops: ValidationCrops, scorer: CocoScorer, poses: PosesOfRows, rung: Rung | None
) -> tuple[KeypointAP | None, float | None, int]:
    """AP on all, AP on the rung's people, and how many were scored."""
    if rung is None:
        return scorer.score(crops, *poses(range(len(crops)))), None, len(crops)
    first = poses(range(rung.people))
    first_ap = scorer.score(crops.first(rung.people), *first).ap
    if rung.threshold is not None and first_ap < rung.threshold:
        return None, first_ap, rung.people
    rest = poses(range(rung.people, len(crops)))
    both = (np.concatenate(parts) for parts in zip(first, rest, strict=True))
    return scorer.score(crops, *both), first_ap, len(crops)

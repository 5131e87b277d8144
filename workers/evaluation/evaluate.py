"""What one trial of a search measures: a network's AP on validation crops after BatchNorm recalibration."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from torch import nn

from workers.data.codec import Codec
from workers.data.people import People
from workers.evaluation.coco.ap import CocoScorer, KeypointAP
from workers.evaluation.crops import Images, ValidationCrops
from workers.evaluation.predict import predict_keypoints
from workers.evaluation.recalibrate import recalibrate


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """A first look at some of the people: who falls behind in it is not scored on the rest."""

    people: int
    """The first so many crops: whole images, and a fair sample of them."""
    least_ap: float | None = None
    """What the AP on them must reach for the rest to be scored, too; None passes all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """What came out and how long each part took."""

    ap: KeypointAP
    recalibrate_s: float
    evaluate_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class LookedAt:
    """The same where a first look may have been the last."""

    ap: KeypointAP | None  # then None
    first_look_ap: float | None  # None where there was only one look, at all
    people: int  # that were looked at
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
    looked = evaluate_in_looks(
        network, recalibration_images, crops, people, codec, batch_size, flip_test, look=None
    )
    assert looked.ap is not None
    return Evaluation(ap=looked.ap, recalibrate_s=looked.recalibrate_s, evaluate_s=looked.evaluate_s)


def evaluate_in_looks(
    network: nn.Module,
    recalibration_images: Images,
    crops: ValidationCrops,
    people: People | CocoScorer,
    codec: Codec,
    batch_size: int,
    flip_test: bool,
    look: Look | None,
) -> LookedAt:
    """`evaluate`, given up after a first look where the network falls behind; nobody is predicted twice."""
    scorer = people if isinstance(people, CocoScorer) else CocoScorer.from_people(people)
    started = time.perf_counter()
    recalibrate(network, recalibration_images, batch_size)
    recalibrated = time.perf_counter()

    def poses(rows: range) -> tuple[np.ndarray, np.ndarray]:
        return predict_keypoints(network, crops, codec, batch_size, flip_test, scorer.skeleton, rows)

    ap, first_ap, seen = _scored(crops, scorer, poses, look)
    done = time.perf_counter()
    return LookedAt(
        ap=ap,
        first_look_ap=first_ap,
        people=seen,
        recalibrate_s=recalibrated - started,
        evaluate_s=done - recalibrated,
    )


PosesOfRows = Callable[[range], tuple[np.ndarray, np.ndarray]]


def _scored(
    crops: ValidationCrops, scorer: CocoScorer, poses: PosesOfRows, look: Look | None
) -> tuple[KeypointAP | None, float | None, int]:
    """AP on all, AP on the first look's people, and how many were looked at."""
    if look is None:
        return scorer.score(crops, *poses(range(len(crops)))), None, len(crops)
    first = poses(range(look.people))
    first_ap = scorer.score(crops.first(look.people), *first).ap
    if look.least_ap is not None and first_ap < look.least_ap:
        return None, first_ap, look.people
    rest = poses(range(look.people, len(crops)))
    both = (np.concatenate(parts) for parts in zip(first, rest, strict=True))
    return scorer.score(crops, *both), first_ap, len(crops)

"""What one trial of a search measures: a network's AP on validation crops after BatchNorm recalibration."""
from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
from torch import nn

from workers.data.codec import Codec
from workers.data.people import People
from workers.evaluation.coco_ap import CocoScorer, KeypointAP
from workers.evaluation.crops import ValidationCrops
from workers.evaluation.predict import predict_keypoints
from workers.evaluation.recalibrate import recalibrate


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """What came out and how long each part took."""

    ap: KeypointAP
    recalibrate_s: float
    evaluate_s: float


def evaluate(
    network: nn.Module,
    recalibration_images: np.ndarray,
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
    scorer = people if isinstance(people, CocoScorer) else CocoScorer.from_people(people)
    started = time.perf_counter()
    recalibrate(network, recalibration_images, batch_size)
    recalibrated = time.perf_counter()
    keypoints, scores = predict_keypoints(network, crops, codec, batch_size, flip_test, scorer.skeleton)
    ap = scorer.score(crops, keypoints, scores)
    done = time.perf_counter()
    return Evaluation(ap=ap, recalibrate_s=recalibrated - started, evaluate_s=done - recalibrated)

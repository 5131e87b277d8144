"""Which predicted joints are right: poses of all frames at once against the labelled people of their frames.

Design section 7: each prediction takes the person whom it fits best, then each person the prediction that
fits best; what no person took is wrong in every joint. A fit is the share of the person's joints matched.
"""

# Shapes: G labelled people, P predictions, Q pairs of one frame, J joints.
from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from workers.evaluation.polygons import inside_any
from workers.evaluation.posetrack_ap import Judged

HEAD_SHARE = 0.6  # of the head box's diagonal is the head's size
MATCH_DISTANCE = 0.5  # head sizes within which a joint is found
Regions = tuple[np.ndarray, ...]  # polygons (V, 2) px


@dataclass(frozen=True, slots=True, eq=False)
class GroundTruth:
    """The labelled people of the frames that have any, ordered by frame."""

    frames: np.ndarray  # (G,) int64, each frame's number from 0 on
    points: np.ndarray  # (G, J, 2) float64 px
    present: np.ndarray  # (G, J) bool: labelled, and not in an ignored region
    head_px: np.ndarray  # (G,) head sizes
    regions: tuple[Regions, ...]  # ignored ones of each frame


@dataclass(frozen=True, slots=True, eq=False)
class Predictions:
    """Predicted people ordered by frame; those of one frame in the order of their file."""

    frames: np.ndarray  # (P,) int64: the ground truth's number of the frame, -1 for one without people
    points: np.ndarray  # (P, J, 2) float64 px
    present: np.ndarray  # (P, J) bool
    scores: np.ndarray  # (P, J) float64


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """Each prediction with each person of its frame; known before any joint is predicted."""

    predicted: np.ndarray  # (Q,) ascending
    labelled: np.ndarray  # (Q,) ascending for each prediction


def match(truth: GroundTruth, predictions: Predictions, pairs: Pairs | None = None) -> Judged:
    """Which joints of one sequence are right; `pairs` may be made beforehand for many predictions."""
    present = predictions.present & ~in_regions(truth.regions, predictions.frames, predictions.points)
    pairs = pairs or pair_up(truth.frames, predictions.frames)
    matched = _matched(truth, predictions.points, present, pairs)
    correct = np.zeros_like(present)
    taken = _best_of_each(matched, truth.present.sum(axis=1), pairs)
    correct[pairs.predicted[taken]] = matched[taken]
    counted = present & (predictions.frames >= 0)[:, None]
    return Judged(
        np.nonzero(counted)[1], predictions.scores[counted], correct[counted], truth.present.sum(axis=0)
    )


def pair_up(labelled: np.ndarray, predicted: np.ndarray) -> Pairs:
    """Pairs of equal frames; `labelled` (G,) is ascending."""
    first, end = np.searchsorted(labelled, predicted, "left"), np.searchsorted(labelled, predicted, "right")
    counts = end - first
    rows = np.repeat(np.arange(len(predicted)), counts)
    within = np.arange(len(rows)) - np.repeat(np.cumsum(counts) - counts, counts)
    return Pairs(rows, first[rows] + within)


def in_regions(regions: tuple[Regions, ...], frames: np.ndarray, points: np.ndarray) -> np.ndarray:
    """(N, J) bool: which of the points (N, J, 2) lie in an ignored region of their frame (N,)."""
    inside = np.zeros(points.shape[:2], bool)
    for frame, polygons in enumerate(regions):
        if polygons:
            here = frames == frame
            inside[here] = inside_any(polygons, points[here])
    return inside


def _matched(truth: GroundTruth, points: np.ndarray, present: np.ndarray, pairs: Pairs) -> np.ndarray:
    """(Q, J) bool: joints that both have and that lie close enough."""
    distance = np.linalg.norm(points[pairs.predicted] - truth.points[pairs.labelled], axis=-1)
    near: np.ndarray = distance / truth.head_px[pairs.labelled, None] <= MATCH_DISTANCE
    return near & present[pairs.predicted] & truth.present[pairs.labelled]


def _best_of_each(matched: np.ndarray, labelled_joints: np.ndarray, pairs: Pairs) -> np.ndarray:
    """The pairs that chose each other, as indices; of equally good ones the first in the files."""
    fit = matched.sum(axis=1) / np.maximum(labelled_joints[pairs.labelled], 1)
    chosen = np.lexsort((pairs.labelled, -fit, pairs.predicted))
    chosen = chosen[_firsts(pairs.predicted[chosen])]
    chosen = chosen[fit[chosen] > 0]
    best = chosen[np.lexsort((pairs.predicted[chosen], -fit[chosen], pairs.labelled[chosen]))]
    taken: np.ndarray = best[_firsts(pairs.labelled[best])]
    return taken


def _firsts(ordered: np.ndarray) -> np.ndarray:
    """(N,) bool: where a new value begins."""
    return np.diff(ordered, prepend=-1) != 0

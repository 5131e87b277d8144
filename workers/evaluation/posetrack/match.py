"""Which predicted joints are right: poses of all frames at once against the labelled people of their frames.

Design section 7: each prediction takes the person whom it fits best, then each person the prediction that
fits best; what no person took is wrong in every joint. A fit is the share of the person's joints matched.
"""

# Shapes: G labelled people, P predictions, Q pairs of one frame, J joints.
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import final

import numpy as np

from workers.evaluation.posetrack.ap import Judged
from workers.evaluation.posetrack.pairs import Pairs, pair_up
from workers.evaluation.posetrack.polygons import Polygons

HEAD_SHARE = 0.6  # of the head box's diagonal is the head's size
MATCH_DISTANCE = 0.5  # head sizes within which a joint is found


@final
@dataclass(frozen=True, slots=True, eq=False)
class GroundTruth:
    """The labelled people of the frames that have any, ordered by frame."""

    frames: np.ndarray  # (G,) int64, each frame's number from 0 on
    points: np.ndarray  # (G, J, 2) float64 px
    present: np.ndarray  # (G, J) bool: labelled, and not in an ignored region
    head_px: np.ndarray  # (G,) head sizes
    regions: Polygons  # the ignored ones

    @property
    def frame_count(self) -> int:
        """Frames with people."""
        return int(self.frames.max(initial=-1)) + 1

    @classmethod
    def join(cls, parts: Sequence[GroundTruth]) -> GroundTruth:
        """The frames of all parts, one part after the other."""
        begins = list(accumulate((part.frame_count for part in parts), initial=0))[:-1]
        shifted = [part.frames + begin for part, begin in zip(parts, begins, strict=True)]
        return cls(
            frames=np.concatenate(shifted),
            points=np.concatenate([part.points for part in parts]),
            present=np.concatenate([part.present for part in parts]),
            head_px=np.concatenate([part.head_px for part in parts]),
            regions=Polygons.join([part.regions for part in parts], begins),
        )


@final
@dataclass(frozen=True, slots=True, eq=False)
class Predictions:
    """Predicted people ordered by frame; those of one frame in the order of their file."""

    frames: np.ndarray  # (P,) int64: the ground truth's number of the frame, -1 for one without people
    points: np.ndarray  # (P, J, 2) float64 px
    present: np.ndarray  # (P, J) bool
    scores: np.ndarray  # (P, J) float64


def match(truth: GroundTruth, predictions: Predictions, pairs: Pairs | None = None) -> Judged:
    """Which joints of one sequence are right; `pairs` of predicted and labelled people may be given."""
    present = predictions.present & ~truth.regions.hold(predictions.frames, predictions.points)
    pairs = pairs or pair_up(predictions.frames, truth.frames)
    matched = _matched(truth, predictions.points, present, pairs)
    correct = np.zeros_like(present)
    taken = _best_of_each(matched, truth.present.sum(axis=1), pairs)
    correct[pairs.first[taken]] = matched[taken]
    counted = present & (predictions.frames >= 0)[:, None]
    return Judged(
        np.nonzero(counted)[1], predictions.scores[counted], correct[counted], truth.present.sum(axis=0)
    )


def _matched(truth: GroundTruth, points: np.ndarray, present: np.ndarray, pairs: Pairs) -> np.ndarray:
    """(Q, J) bool: joints that both have and that lie close enough."""
    distance = np.linalg.norm(points[pairs.first] - truth.points[pairs.second], axis=-1)
    near: np.ndarray = distance / truth.head_px[pairs.second, None] <= MATCH_DISTANCE
    return near & present[pairs.first] & truth.present[pairs.second]


def _best_of_each(matched: np.ndarray, labelled_joints: np.ndarray, pairs: Pairs) -> np.ndarray:
    """The pairs that chose each other, as indices; of equally good ones the first in the files.

    Where nothing matches they may be any pair, which makes no joint right.
    """
    fit = matched.sum(axis=1) / np.maximum(labelled_joints[pairs.second], 1)
    chosen = np.lexsort((pairs.second, -fit, pairs.first))
    chosen = chosen[_firsts(pairs.first[chosen])]
    best = chosen[np.lexsort((pairs.first[chosen], -fit[chosen], pairs.second[chosen]))]
    taken: np.ndarray = best[_firsts(pairs.second[best])]
    return taken


def _firsts(ordered: np.ndarray) -> np.ndarray:
    """(N,) bool: where a new value begins."""
    return np.diff(ordered, prepend=-1) != 0

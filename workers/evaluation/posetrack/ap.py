"""PoseTrack18's average precision of joints, as the official evaluation computes it (design section 7).

A mergeable state: for each sequence what was predicted of each joint with which score and whether it was
right, and how many joints there are to find. The figures do not depend on how sequences were grouped.
"""

# Shapes: J joints, M predicted joints.
from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import final

import numpy as np

JOINTS = (
    "right_ankle", "right_knee", "right_hip", "left_hip", "left_knee", "left_ankle",
    "right_wrist", "right_elbow", "right_shoulder", "left_shoulder", "left_elbow", "left_wrist",
    "head_bottom", "nose", "head_top",
)  # fmt: skip
_COLUMNS = {  # Table 1 of the paper
    "Head": ("head_top", "head_bottom", "nose"),
    "Shoulder": ("right_shoulder", "left_shoulder"),
    "Elbow": ("right_elbow", "left_elbow"),
    "Wrist": ("right_wrist", "left_wrist"),
    "Hip": ("right_hip", "left_hip"),
    "Knee": ("right_knee", "left_knee"),
    "Ankle": ("right_ankle", "left_ankle"),
}


@final
@dataclass(frozen=True, slots=True, eq=False)
class PoseTrackAP:
    """Figures in [0, 1] for each of JOINTS; NaN where the ground truth has no such joint."""

    ap: np.ndarray  # (J,)
    precision: np.ndarray  # (J,) of all predictions
    recall: np.ndarray  # (J,)

    @property
    def total(self) -> float:
        """The mean AP of the joints that have one, the figure that is compared."""
        return nan_mean(self.ap)

    @property
    def table(self) -> dict[str, float]:
        """The columns of Table 1; a column is NaN where one of its joints is, as officially."""
        index = {name: number for number, name in enumerate(JOINTS)}
        means = {column: float(np.mean([self.ap[index[joint]] for joint in joints]))
                 for column, joints in _COLUMNS.items()}  # fmt: skip
        return means | {"Total": self.total}


@final
@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """The predicted joints of one sequence: by frames, then in the order of their file."""

    joints: np.ndarray  # (M,) indices into JOINTS
    scores: np.ndarray  # (M,) float64
    correct: np.ndarray  # (M,) bool
    to_find: np.ndarray  # (J,) int64 labelled joints


@final
@dataclass(frozen=True, slots=True, eq=False)
class PoseTrackState:
    """What the sequences contribute, by their names."""

    sequences: Mapping[str, Judged]

    @classmethod
    def empty(cls) -> PoseTrackState:
        return cls({})

    @classmethod
    def merge(cls, states: Iterable[PoseTrackState]) -> PoseTrackState:
        """Raises ValueError where two states have the same sequence, which would count it twice."""
        merged: dict[str, Judged] = {}
        for state in states:
            twice = merged.keys() & state.sequences.keys()
            if twice:
                raise ValueError(f"a sequence must be in one state only, but {min(twice)!r} is in two")
            merged |= state.sequences
        return cls(merged)

    def compute(self) -> PoseTrackAP:
        """AP, precision and recall of each joint; one that nobody predicted has 0, as officially.

        Equal scores rank as NumPy's default sort leaves them, as officially, sequences being in the order of
        their names. That sort is unstable: on a CPU for which NumPy has another one, ties rank otherwise.
        """
        parts = [self.sequences[name] for name in sorted(self.sequences)]
        joints, scores, correct = (
            np.concatenate([nothing, *(getattr(part, name) for part in parts)])
            for name, nothing in (("joints", np.empty(0, np.int64)), ("scores", np.empty(0)),
                                  ("correct", np.empty(0, bool)))
        )  # fmt: skip
        to_find = sum((part.to_find for part in parts), np.zeros(len(JOINTS), np.int64))
        figures = []
        for joint in range(len(JOINTS)):
            of_joint = joints == joint
            rank = scores[of_joint].argsort()[::-1]
            figures.append(_figures(correct[of_joint][rank], int(to_find[joint])))
        return PoseTrackAP(*np.array(figures).T)


def nan_mean(values: np.ndarray) -> float:
    """The mean of those that are numbers; NaN, without a warning, where none is."""
    known = values[~np.isnan(values)]
    return float(known.mean()) if known.size else float("nan")


def _figures(correct: np.ndarray, to_find: int) -> tuple[float, float, float]:
    """AP, precision and recall of predictions in the order of their rank, the best first."""
    if not correct.size:
        return 0.0, 0.0, 0.0
    found = np.cumsum(correct)
    precision = found / np.arange(1, len(correct) + 1)
    if not to_find:
        return float("nan"), float(precision[-1]), float("nan")
    # VOC's all-point AP: each joint found adds 1 / to_find times the best precision from there on.
    best_from_here = np.maximum.accumulate(precision[::-1])[::-1]
    return float(best_from_here[correct].sum()) / to_find, float(precision[-1]), float(found[-1]) / to_find

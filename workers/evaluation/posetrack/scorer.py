"""PoseTrack18's AP of known people, in memory: what a search asks thousands of times of the same frames.

The same figures as writing the predictions to files and scoring those, without the files.
"""

# Shapes: N people, K joints of the skeleton, J joints that are scored.
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import final

import numpy as np

from workers.data.annotations.table import Annotations
from workers.data.people import People, Person
from workers.data.skeleton import Skeleton
from workers.errors import DataError
from workers.evaluation.posetrack.ap import JOINTS, PoseTrackAP, PoseTrackState
from workers.evaluation.posetrack.files import ground_truth, read_truth
from workers.evaluation.posetrack.match import GroundTruth, Predictions, match
from workers.evaluation.posetrack.pairs import Pairs, pair_up
from workers.files import files_in

_ALL = "all"  # the one name under which the frames of all sequences are judged together


@final
@dataclass(frozen=True, slots=True, eq=False)
class PoseTrackScorer:
    """The ground truth of some people's frames; picklable, so that workers need not see the files."""

    truth: GroundTruth
    frames: np.ndarray  # (N,) of the people, ascending
    rows: np.ndarray  # (N,) where the people of `frames` lie among those that are scored
    pairs: Pairs
    skeleton: Skeleton

    @classmethod
    def from_people(cls, people: People, *, alone: bool = False) -> PoseTrackScorer:
        """Reads the annotation files again, because who was skipped still is to be found.

        `alone` asks for the given people only, as for the people of one frame of all clips, or a part of a
        split; otherwise everybody of every file is to be found. Raises DataError when the files are not what
        the people were read from.
        """
        wanted = {(person.image_path, person.annotation_id) for person in people.people} if alone else None
        truths, frame_of = _read(people.annotation_path, wanted)
        truth = GroundTruth.join(truths)
        frames = np.array([_frame(person, frame_of, people) for person in people.people], np.int64)
        rows = frames.argsort(kind="stable")
        return cls(truth, frames[rows], rows, pair_up(frames[rows], truth.frames), people.skeleton)

    def score(self, keypoints: np.ndarray, scores: np.ndarray) -> PoseTrackAP:
        """The AP of one pose for each of the people: joints (N, K, 2) in image px, their scores (N, K)."""
        expected = (len(self.rows), self.skeleton.keypoints)
        if keypoints.shape != (*expected, 2) or scores.shape != expected:
            raise ValueError(
                f"keypoints must be {(*expected, 2)} and scores {expected}, "
                f"got {keypoints.shape} and {scores.shape}"
            )
        if not (np.isfinite(keypoints).all() and np.isfinite(scores).all()):
            raise ValueError("keypoints and scores must be finite, but some are not")
        joints = np.array([self.skeleton.names.index(name) for name in JOINTS])
        chosen = np.ix_(self.rows, joints)
        points, ranks = keypoints[chosen].astype(np.float64), scores[chosen].astype(np.float64)
        predicted = Predictions(self.frames, points, np.ones(ranks.shape, bool), ranks)
        return PoseTrackState({_ALL: match(self.truth, predicted, self.pairs)}).compute()


def _read(folder: Path, wanted: set[tuple[str, int]] | None) -> tuple[list[GroundTruth], dict[str, int]]:
    """The ground truth of each file, and the number of each peopled frame by its image's path."""
    root = folder.parent.parent.resolve()
    truths: list[GroundTruth] = []
    frame_of: dict[str, int] = {}
    frames = 0
    for path in files_in(folder, "*.json"):
        annotations = read_truth(path)
        pictures = annotations.pictures
        names = pictures.names(np.arange(len(pictures)))
        path_of = {
            number: str(root / name) for number, name in zip(pictures.ids.tolist(), names, strict=True)
        }
        truth, number_of = ground_truth(annotations, _those(annotations, path_of, wanted))
        frame_of |= {path_of[image]: frames + number for image, number in number_of.items() if number >= 0}
        frames += truth.frame_count
        truths.append(truth)
    return truths, frame_of


def _those(
    annotations: Annotations, path_of: Mapping[int, str], wanted: set[tuple[str, int]] | None
) -> np.ndarray | None:
    """(N,) bool: who is wanted; None where all are."""
    if wanted is None:
        return None
    people = zip(annotations.image_ids.tolist(), annotations.ids.tolist(), strict=True)
    return np.array([(path_of[image], number) in wanted for image, number in people], bool)


def _frame(person: Person, frame_of: dict[str, int], people: People) -> int:
    if person.image_path not in frame_of:
        raise DataError(
            f"{people.annotation_path} no longer holds the people read from it: nobody is in "
            f"{person.image_path}. Restore the annotation files, or read the people again."
        )
    return frame_of[person.image_path]

"""PoseTrack18 JSON files, labelled and predicted ones, as the arrays that are matched."""

# Shapes: N people of one file, J joints.
from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import final

import numpy as np

from workers.data.annotations.areas import FROM_BOX
from workers.data.annotations.categories import joint_names
from workers.data.annotations.joints import predicted_joints
from workers.data.annotations.opening import Location, load_json
from workers.data.annotations.records import Records, listed
from workers.data.annotations.table import Annotations, read_annotations
from workers.data.coco import NO_JOINTS
from workers.data.joints.names import plain_names
from workers.data.posetrack import REWRITE
from workers.data.posetrack_regions import ignored_regions
from workers.data.skeleton import POSETRACK17
from workers.errors import DataError
from workers.evaluation.posetrack.ap import JOINTS, PoseTrackAP, PoseTrackState
from workers.evaluation.posetrack.match import HEAD_SHARE, GroundTruth, Predictions, match
from workers.evaluation.posetrack.polygons import Polygons
from workers.files import visible


@final
@dataclass(frozen=True, slots=True, eq=False)
class FolderScore:
    """What the files of two folders give."""

    ap: PoseTrackAP
    sequences: int
    people: int  # labelled ones, before ignored regions are taken out
    unmatched: tuple[str, ...]  # names of prediction files without ground truth, not scored
    skipped: Mapping[str, int]  # records of the ground truth that are nobody, by reason
    notes: Mapping[str, int]  # what was read otherwise than it is written


def score_folders(truth_folder: Path, predicted_folder: Path) -> FolderScore:
    """The AP of predictions for every sequence of the ground truth; the files' names go together.

    Raises DataError, naming the file, where a folder or a prediction file is missing or a file is not as it
    should be.
    """
    truths, predicted = _files(truth_folder), _files(predicted_folder)
    missing = sorted(truths.keys() - predicted.keys())
    if missing:
        raise DataError(
            f"{predicted_folder} must have a file for each of the {len(truths)} sequences in "
            f"{truth_folder}, but lacks {len(missing)}: {_some(missing)}. "
            "Write one for each sequence, by the same name; it may have no annotations."
        )
    judged, people, skipped, notes = {}, 0, Counter[str](), Counter[str]()
    for name, path in truths.items():
        annotations = read_truth(path)
        truth, frame_of = ground_truth(annotations)
        judged[name] = match(truth, predictions(predicted[name], frame_of))
        people += len(truth.frames)
        skipped += Counter(annotations.skipped) + _without_joints(annotations)
        notes += Counter({note: count for note, count in annotations.notes.items() if note != FROM_BOX})
    unmatched = tuple(sorted(predicted.keys() - truths.keys()))
    ap = PoseTrackState(judged).compute()
    return FolderScore(ap, len(truths), people, unmatched, skipped, notes)


def read_truth(path: Path) -> Annotations:
    """The records of a labelled file, all PoseTrack18's joints among theirs. Raises DataError."""
    annotations = read_annotations(path, default=POSETRACK17, repair=REWRITE)
    _places(path, annotations.skeleton.names)
    return annotations


def ground_truth(
    annotations: Annotations, wanted: np.ndarray | None = None
) -> tuple[GroundTruth, dict[int, int]]:
    """The labelled people of a file, and the number of each frame by its image's id; -1 without people.

    `wanted` (N,) asks for a part of them. Raises DataError, by the record's id, where a head has no box.
    """
    chosen = annotations.has_joints if wanted is None else wanted & annotations.has_joints
    pictures, records = annotations.pictures, annotations.records
    peopled = np.unique(annotations.picture_rows[chosen])
    frame_of_picture = np.full(len(pictures), -1)
    frame_of_picture[peopled] = np.arange(len(peopled))
    rows = np.flatnonzero(chosen)
    rows = rows[frame_of_picture[annotations.picture_rows[rows]].argsort(kind="stable")]
    joints = annotations.keypoints[rows][:, _places(annotations.place, annotations.skeleton.names)]
    frames = frame_of_picture[annotations.picture_rows[rows]]
    regions = Polygons.of_frames(ignored_regions(pictures.records.take(peopled)))
    present = joints.any(axis=-1) & ~regions.hold(frames, joints[..., :2])
    head_px = _head_sizes(records.take(rows))
    frame_of = dict(zip(pictures.ids.tolist(), frame_of_picture.tolist(), strict=True))
    return GroundTruth(frames, joints[..., :2], present, head_px, regions), frame_of


def predictions(path: Path, frame_of: Mapping[int, int]) -> Predictions:
    """The predicted people of a file; `frame_of` is the ground truth's. Raises DataError, naming the file."""
    content = load_json(path, REWRITE)
    records = listed(path, content, "annotations", "annotation", REWRITE)
    names = joint_names(path, content, REWRITE)
    places, image_ids = _places(path, names), records.whole("image_id").tolist()
    unknown = [image_id not in frame_of for image_id in image_ids]
    records.refuse_first(
        np.array(unknown, bool), "{record} is of an image that is not in the ground truth: 'image_id' must "
        "be one of its images", "image_id",
    )  # fmt: skip
    joints = predicted_joints(records, names)[:, places]
    scores, there = records.finite_rows("scores", len(names))
    records.refuse_first(~there, "{record} has no 'scores'")
    frames = np.array([frame_of[image_id] for image_id in image_ids], np.int64)
    rows = frames.argsort(kind="stable")
    joints, scores = joints[rows], scores[:, places][rows]
    return Predictions(frames[rows], joints[..., :2], np.asarray(joints.any(axis=-1)), scores)


def _head_sizes(records: Records) -> np.ndarray:
    """(N,) px of the records' heads."""
    heads, there = records.finite_rows("bbox_head", 4)
    records.refuse_first(~there, "{record} has no 'bbox_head'")
    sizes: np.ndarray = HEAD_SHARE * np.linalg.norm(heads[:, 2:], axis=1)
    records.refuse_first(~(sizes > 0), "'bbox_head' of {record} must be larger than nothing", "bbox_head")
    return sizes


def _places(path: Location, names: Sequence[str]) -> list[int]:
    """Places of JOINTS among a file's, in whatever spelling. Raises DataError where one is missing."""
    spelt = names if set(JOINTS) <= set(names) else plain_names(names)
    missing = [name for name in JOINTS if name not in spelt]
    if missing:
        raise DataError(
            f"{path}: its joints must be PoseTrack18's, but it has no {', '.join(missing)}. {REWRITE}"
        )
    return [spelt.index(name) for name in JOINTS]


def _without_joints(annotations: Annotations) -> Counter[str]:
    count = int((~annotations.has_joints).sum())
    return Counter({NO_JOINTS: count} if count else {})


def _files(folder: Path) -> dict[str, Path]:
    if not folder.is_dir():
        raise DataError(
            f"{folder} must be a folder of PoseTrack18 JSON files, but it "
            f"{'is a file' if folder.exists() else 'does not exist'}. Name the folder."
        )
    files = {path.name: path for path in visible(folder, "*.json")}
    if not files:
        raise DataError(f"{folder} has no *.json. Name the folder that holds one file for each sequence.")
    return files


def _some(names: list[str]) -> str:
    return ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")

"""PoseTrack18 JSON files, labelled and predicted ones, as the arrays that are matched."""

# Shapes: N people of one file, J joints.
from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from workers.data.coco import Json, load_json
from workers.data.joints.names import plain_names
from workers.errors import DataError
from workers.evaluation.posetrack.ap import JOINTS, PoseTrackAP, PoseTrackState
from workers.evaluation.posetrack.match import HEAD_SHARE, GroundTruth, Predictions, match
from workers.evaluation.posetrack.polygons import Polygons

_LIKE = "Write it as PoseTrack18's annotation files: images, annotations, categories with the joints' names."


@dataclass(frozen=True, slots=True, eq=False)
class FolderScore:
    """What the files of two folders give."""

    ap: PoseTrackAP
    sequences: int
    people: int  # labelled ones, before ignored regions are taken out
    unmatched: tuple[str, ...]  # names of prediction files without ground truth, not scored


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
    judged, people = {}, 0
    for name, path in truths.items():
        truth, frame_of = ground_truth(path)
        judged[name] = match(truth, predictions(predicted[name], frame_of))
        people += len(truth.frames)
    unmatched = tuple(sorted(predicted.keys() - truths.keys()))
    return FolderScore(PoseTrackState(judged).compute(), len(truths), people, unmatched)


def ground_truth(path: Path, content: Json | None = None) -> tuple[GroundTruth, dict[int, int]]:
    """The labelled people of a file, and the number of each frame by its image's id; -1 without people.

    `content` may be what the file holds, or a part of it.
    """
    content = load_json(path) if content is None else content
    with _refusing(path):
        peopled = {annotation["image_id"] for annotation in content["annotations"]}
        images = [image for image in content["images"] if image["id"] in peopled]
        frame_of = {image["id"]: -1 for image in content["images"]}
        frame_of |= {image["id"]: number for number, image in enumerate(images)}
        annotations = sorted(content["annotations"], key=lambda record: frame_of[record["image_id"]])
        points, present = _joints(content, annotations)
        frames = np.array([frame_of[record["image_id"]] for record in annotations], np.int64)
        heads = np.array([record["bbox_head"] for record in annotations], np.float64).reshape(-1, 4)
        regions = Polygons.of_frames([_regions(image) for image in images])
    present &= ~regions.hold(frames, points)
    head_px = HEAD_SHARE * np.linalg.norm(heads[:, 2:], axis=1)
    if not (head_px > 0).all():
        raise DataError(f"{path}: every bbox_head must be larger than nothing. {_LIKE}")
    return GroundTruth(frames, points, present, head_px, regions), frame_of


def predictions(path: Path, frame_of: Mapping[int, int]) -> Predictions:
    """The predicted people of a file; `frame_of` is the ground truth's."""
    content = load_json(path)
    with _refusing(path):
        unknown = {record["image_id"] for record in content["annotations"]} - frame_of.keys()
        if unknown:
            raise ValueError(f"image {min(unknown)} is not in the ground truth")
        annotations = sorted(content["annotations"], key=lambda record: frame_of[record["image_id"]])
        points, present = _joints(content, annotations)
        scores = _table(content, annotations, "scores", 1)[..., 0]
        frames = np.array([frame_of[record["image_id"]] for record in annotations], np.int64)
    return Predictions(frames, points, present, scores)


def _joints(content: Json, annotations: list[Json]) -> tuple[np.ndarray, np.ndarray]:
    """Points (N, J, 2) px and whether they are there (N, J): all but those written as 0, 0, 0."""
    joints = _table(content, annotations, "keypoints", 3)
    return joints[..., :2], np.asarray(joints.any(axis=-1))


def _table(content: Json, annotations: list[Json], key: str, numbers: int) -> np.ndarray:
    """(N, J, numbers) float64 of JOINTS, wherever they lie among the file's."""
    names = content["categories"][0]["keypoints"]
    spelt = plain_names(names)
    missing = [name for name in JOINTS if name not in spelt]
    if missing:
        raise ValueError(f"its joints must be PoseTrack18's, but it has no {', '.join(missing)}")
    values = np.array([record[key] for record in annotations], np.float64)
    if values.size != len(annotations) * len(names) * numbers:
        raise ValueError(f"{key!r} of a person must be {len(names) * numbers} numbers, as there are joints")
    if not np.isfinite(values).all():
        raise ValueError(f"a number of {key!r} is not finite")
    table = values.reshape(len(annotations), len(names), numbers)
    return table[:, [spelt.index(name) for name in JOINTS]]


def _regions(image: Json) -> list[np.ndarray]:
    """The ignored polygons of an image, each (V, 2) px."""
    columns, rows = image.get("ignore_regions_x") or (), image.get("ignore_regions_y") or ()
    polygons = (np.column_stack(region).astype(np.float64) for region in zip(columns, rows, strict=True))
    return [polygon for polygon in polygons if len(polygon) > 2]


def _files(folder: Path) -> dict[str, Path]:
    if not folder.is_dir():
        raise DataError(
            f"{folder} must be a folder of PoseTrack18 JSON files, but it "
            f"{'is a file' if folder.exists() else 'does not exist'}. Name the folder."
        )
    files = {path.name: path for path in sorted(folder.glob("*.json"))}
    if not files:
        raise DataError(f"{folder} has no *.json. Name the folder that holds one file for each sequence.")
    return files


def _some(names: list[str]) -> str:
    return ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")


@contextmanager
def _refusing(path: Path) -> Iterator[None]:
    try:
        yield
    except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
        what = f"it has no {error}" if isinstance(error, KeyError) else str(error)
        raise DataError(f"{path} is not as it should be: {what}. {_LIKE}") from error

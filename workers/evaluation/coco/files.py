"""COCO keypoint results against an annotation file, by pycocotools, with refusals that name what is wrong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from workers.data.coco import AnnotationReader, Json, load_json
from workers.data.skeletons.file import fitted, read_skeleton
from workers.errors import DataError
from workers.evaluation.coco.ap import PERSON, CocoScorer, KeypointAP

_LIKE = "Write it as COCO's keypoint results: a list of {image_id, category_id, keypoints, score}."


def score_coco_files(truth: Path, predicted: Path, skeleton: Path | None = None) -> KeypointAP:
    """COCO's ten figures of a results file, over all images of the annotation file.

    Joints and their OKS sigmas are those of the category that names keypoints, or sigmas of the file
    `skeleton`. Raises DataError, naming the
    file, where one is missing or not as it should be.
    """
    reader = AnnotationReader(truth.parent, truth, load_json(truth))
    people = [record for record in reader.annotations if record.get("category_id") == reader.category_id]
    numbers = 3 * reader.skeleton.keypoints
    for record in people:
        if not record.get("iscrowd"):
            reader.numbers(record, "keypoints", numbers, f"annotation {record.get('id')}")
    joints = (
        reader.skeleton if skeleton is None else fitted(read_skeleton(skeleton), reader.skeleton, skeleton)
    )
    scorer = CocoScorer.from_annotations(people, joints, reader.images)
    results = _results(predicted, reader)
    if not results:
        raise DataError(f"{predicted} has no person of category {reader.category_id}. {_LIKE}")
    return scorer.score_results(results)


def _results(path: Path, truth: AnnotationReader) -> list[Json]:
    try:
        content = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise DataError(f"cannot read {path}: {error}. {_LIKE}") from error
    if not (isinstance(content, list) and all(isinstance(record, dict) for record in content)):
        raise DataError(f"{path} must hold a list of objects. {_LIKE}")
    return [
        _result(path, number, record, truth)
        for number, record in enumerate(content)
        if record.get("category_id") == truth.category_id
    ]


def _result(path: Path, number: int, record: Json, truth: AnnotationReader) -> Json:
    """What COCOeval reads of a record."""
    try:
        keypoints = np.asarray(record["keypoints"], np.float64)
        score, image_id = float(record["score"]), record["image_id"]
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(f"{path}: record {number} is not as it should be: {error!r}. {_LIKE}") from error
    wrong = _wrong(keypoints, score, image_id, truth)
    if wrong:
        raise DataError(f"{path}: record {number} {wrong}. {_LIKE}")
    return {"image_id": image_id, "category_id": PERSON, "keypoints": keypoints, "score": score}


def _wrong(keypoints: np.ndarray, score: float, image_id: Any, truth: AnnotationReader) -> str | None:
    joints = truth.skeleton.keypoints
    if image_id not in truth.images:
        return f"is of image {image_id}, which {truth.path} does not have"
    if keypoints.shape != (3 * joints,):
        return f"must have x, y and score of {joints} joints, but has {keypoints.size} numbers"
    if not (np.isfinite(keypoints).all() and np.isfinite(score)):
        return "has numbers that are not finite"
    return None

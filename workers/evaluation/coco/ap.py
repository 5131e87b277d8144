"""COCO keypoint AP by pycocotools' own COCOeval, with the ground truth prepared once for many evaluations."""

# Shapes: N people, K joints.
from __future__ import annotations

import contextlib
import io
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from workers.data.joints.names import placed
from workers.data.people import People
from workers.data.skeleton import Skeleton
from workers.errors import DataError
from workers.evaluation.coco.detections import Detected
from workers.evaluation.coco.oks_nms import oks_nms
from workers.evaluation.crops import ValidationCrops

Json = dict[str, Any]
KEYPOINT_SCORE_THRESHOLD = 0.2  # joints above it make the pose score, as in HRNet's and MMPose's code
PERSON = 1  # the only category of the prepared ground truth


@dataclass(frozen=True, slots=True)
class KeypointAP:
    """COCO's ten keypoint figures in [0, 1], in its order; -1, as in pycocotools, without such people."""

    ap: float
    ap50: float
    ap75: float
    ap_medium: float
    ap_large: float
    ar: float
    ar50: float
    ar75: float
    ar_medium: float
    ar_large: float


@dataclass(frozen=True, slots=True, eq=False)
class CocoScorer:
    """The ground truth of one annotation file, indexed; picklable, so that workers need not see the file."""

    ground_truth: COCO
    skeleton: Skeleton
    detected: bool = False
    """Boxes are a detector's: near duplicates are suppressed, and images without a box count as misses."""
    undetected_images: tuple[int, ...] = ()

    @classmethod
    def from_detected(cls, detected: Detected) -> CocoScorer:
        """The truth of a whole split, whose people are to be found in a detector's boxes."""
        truth = cls.from_people(detected.people, detected.image_ids)
        found = {person.image_id for person in detected.people.people}
        without = tuple(sorted(set(detected.image_ids) - found))
        return replace(truth, detected=True, undetected_images=without)

    @classmethod
    def from_people(cls, people: People, image_ids: Iterable[int] | None = None) -> CocoScorer:
        """Reads the annotation file again, because skipped people still count as pycocotools counts them.

        Crowds and people without labelled joints are ignored regions; others without a crop are misses.
        Raises DataError when the file is not what the people were read from.
        """
        content = _read_json(people)
        used = {person.annotation_id for person in people.people}
        try:
            category_id = next(
                a["category_id"] for a in content["annotations"] if image_ids is not None or a["id"] in used
            )
            annotations = [a for a in content["annotations"] if a["category_id"] == category_id]
        except (KeyError, StopIteration, TypeError) as error:
            raise DataError(
                f"{people.annotation_path} no longer holds the people read from it. "
                "Restore the annotation file, or read the people again."
            ) from error
        if people.file_places is not None:
            annotations = [
                a | {"keypoints": placed(a["keypoints"], people.file_places)} if a.get("keypoints") else a
                for a in annotations
            ]
        return cls.from_annotations(annotations, people.skeleton, image_ids or ())

    @classmethod
    def from_annotations(
        cls, annotations: list[Json], skeleton: Skeleton, image_ids: Iterable[int] = ()
    ) -> CocoScorer:
        """Ground truth from COCO annotation records of people; `image_ids` adds images without anybody."""
        # Numbered anew from 1: COCOeval takes a match with annotation 0 for no match.
        records = [_record(a, number, skeleton.keypoints) for number, a in enumerate(annotations, start=1)]
        ground_truth = COCO()
        ground_truth.dataset = {
            "images": [{"id": image} for image in sorted({*image_ids, *(r["image_id"] for r in records)})],
            "categories": [{"id": PERSON, "name": "person"}],
            "annotations": records,
        }
        with _silence():
            ground_truth.createIndex()
        return cls(ground_truth, skeleton)

    def score(self, crops: ValidationCrops, keypoints: np.ndarray, scores: np.ndarray) -> KeypointAP:
        """AP and AR of joints (N, K, 2) in image px with scores (N, K), over the images that have crops."""
        expected = (len(crops), self.skeleton.keypoints)
        if keypoints.shape != (*expected, 2) or scores.shape != expected:
            raise ValueError(
                f"keypoints must be {(*expected, 2)} and scores {expected}, "
                f"got {keypoints.shape} and {scores.shape}"
            )
        if not (np.isfinite(keypoints).all() and np.isfinite(scores).all()):
            raise ValueError("keypoints and scores must be finite; COCOeval counts NaN as a match")
        poses = _detections(crops, keypoints, scores)
        if self.detected:
            poses = [poses[row] for row in self._distinct(crops, keypoints, scores)]
        return self.score_results(poses, sorted({*crops.image_ids.tolist(), *self.undetected_images}))

    def score_results(self, results: list[Json], image_ids: list[int] | None = None) -> KeypointAP:
        """AP and AR of COCO's result records, over all images or those of `image_ids`; they may not be none.

        The category of the prepared ground truth is 1, so is that of the records.
        """
        with _silence():
            detections = self.ground_truth.loadRes(results)
            run = COCOeval(self.ground_truth, detections, "keypoints")
            if image_ids is not None:
                run.params.imgIds = image_ids
            run.params.kpt_oks_sigmas = np.array(self.skeleton.oks_sigmas)
            run.evaluate()
            run.accumulate()
            run.summarize()
        return KeypointAP(*map(float, run.stats))

    def _distinct(self, crops: ValidationCrops, keypoints: np.ndarray, scores: np.ndarray) -> list[int]:
        """Row numbers of the poses that are no duplicate of a better one on their image."""
        assert crops.areas_px2 is not None
        rated, sigmas = pose_scores(scores, crops.box_scores), np.array(self.skeleton.oks_sigmas)
        kept: list[int] = []
        for image_id in np.unique(crops.image_ids):
            rows = np.flatnonzero(crops.image_ids == image_id)
            kept += rows[oks_nms(keypoints[rows], rated[rows], crops.areas_px2[rows], sigmas)].tolist()
        return sorted(kept)


def coco_keypoint_ap(
    people: People | CocoScorer, crops: ValidationCrops, keypoints: np.ndarray, scores: np.ndarray
) -> KeypointAP:
    """`CocoScorer.score`; for `People` it reads the annotation file first, which a search does once."""
    scorer = people if isinstance(people, CocoScorer) else CocoScorer.from_people(people)
    return scorer.score(crops, keypoints, scores)


def pose_scores(keypoint_scores: np.ndarray, box_scores: np.ndarray) -> np.ndarray:
    """(N,): box score x mean score of the joints (N, K) above 0.2, 0 where none is."""
    counted = keypoint_scores > KEYPOINT_SCORE_THRESHOLD
    total = np.where(counted, keypoint_scores, 0.0).sum(axis=1, dtype=np.float64)
    scores: np.ndarray = box_scores * total / np.maximum(counted.sum(axis=1), 1)
    return scores


def _detections(crops: ValidationCrops, keypoints: np.ndarray, scores: np.ndarray) -> list[Json]:
    flat = np.concatenate([keypoints, scores[..., None]], axis=-1, dtype=np.float64).reshape(len(crops), -1)
    rows = zip(crops.image_ids.tolist(), flat, pose_scores(scores, crops.box_scores).tolist(), strict=True)
    return [
        {"image_id": image_id, "category_id": PERSON, "keypoints": joints, "score": score}
        for image_id, joints, score in rows
    ]


def _record(annotation: Mapping[str, Any], number: int, joints: int) -> Json:
    """What COCOeval reads of an annotation, with joints as an array; what a crowd may lack is filled in."""
    keypoints = np.asarray(annotation.get("keypoints") or np.zeros(3 * joints), dtype=np.float64)
    box = annotation.get("bbox", (0.0, 0.0, 0.0, 0.0))
    return {
        "id": number,
        "image_id": annotation["image_id"],
        "category_id": PERSON,
        "keypoints": keypoints,
        "bbox": box,
        "area": annotation.get("area", box[2] * box[3]),
        "iscrowd": annotation.get("iscrowd", 0),
        "num_keypoints": annotation.get("num_keypoints", int((keypoints[2::3] > 0).sum())),
    }


def _read_json(people: People) -> Json:
    try:
        content: Json = json.loads(people.annotation_path.read_bytes())
    except (OSError, ValueError) as error:
        raise DataError(f"cannot read {people.annotation_path}: {error}. Restore the file.") from error
    return content


def _silence() -> contextlib.redirect_stdout[io.StringIO]:
    return contextlib.redirect_stdout(io.StringIO())

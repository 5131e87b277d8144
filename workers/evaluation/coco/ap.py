"""COCO keypoint AP by pycocotools' own COCOeval, with the ground truth prepared once for many evaluations."""

# Shapes: N people, K joints.
from __future__ import annotations

import contextlib
import io
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import final

import numpy as np
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from workers.data.annotations.opening import Json
from workers.data.annotations.table import Annotations, read_annotations
from workers.data.joints.names import places_of
from workers.data.people import People
from workers.data.skeleton import Skeleton
from workers.errors import DataError
from workers.evaluation.coco.detections import Detected
from workers.evaluation.coco.oks_nms import oks_nms
from workers.evaluation.crops import ValidationCrops

KEYPOINT_SCORE_THRESHOLD = 0.2  # joints above it make the pose score, as in HRNet's and MMPose's code


@final
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


@final
@dataclass(frozen=True, slots=True, eq=False)
class CocoScorer:
    """The ground truth of one annotation file, indexed; picklable, so that workers need not see the file."""

    ground_truth: COCO
    skeleton: Skeleton
    detected: bool = False
    """Boxes are a detector's: near duplicates are suppressed, and images without a box count as misses."""
    undetected_images: tuple[int, ...] = ()

    categories: Mapping[int, int] = field(default_factory=dict)
    """The category of what is cut out, by its annotation's id; there are several."""

    @classmethod
    def from_detected(cls, detected: Detected) -> CocoScorer:
        """The truth of a whole split, whose people are to be found in a detector's boxes."""
        people = detected.people
        truth = cls.from_annotations([_annotations_of(people)], people.skeleton, detected.image_ids)
        numbers = [person.annotation_id for person in people.people]
        without = tuple(sorted(set(detected.image_ids) - {person.image_id for person in people.people}))
        of_crops = dict(zip(numbers, detected.category_ids.tolist(), strict=True)) if truth.categories else {}
        return replace(truth, detected=True, undetected_images=without, categories=of_crops)

    @classmethod
    def from_people(cls, people: People) -> CocoScorer:
        """Reads the annotation file again, because skipped people still count as pycocotools counts them.

        Crowds and people without labelled joints are ignored regions; others without a crop are misses.
        Raises DataError when the file is not what the people were read from.
        """
        annotations = _annotations_of(people)
        used = np.array([person.annotation_id for person in people.people], np.int64)
        if not np.isin(used, annotations.ids).all():
            raise _changed(people)
        return cls.from_annotations([annotations], people.skeleton)

    @classmethod
    def from_annotations(
        cls, parts: Sequence[Annotations], skeleton: Skeleton, image_ids: Iterable[int] = ()
    ) -> CocoScorer:
        """Ground truth from the annotations of one file or some; `image_ids` adds images without anybody.

        Raises DataError, by the annotation's id, where a labelled person has neither an area nor a box.
        """
        # Numbered anew from 1: COCOeval takes a match with annotation 0 for no match.
        records = [
            {**record, "id": number}
            for number, record in enumerate(chain.from_iterable(map(_records, parts)), start=1)
        ]
        kinds = {category.id: category.name for part in parts for category in part.categories}
        ground_truth = COCO()
        ground_truth.dataset = {
            "images": [{"id": image} for image in sorted({*image_ids, *(r["image_id"] for r in records)})],
            "categories": [{"id": number, "name": name} for number, name in kinds.items()],
            "annotations": records,
        }
        with _silence():
            ground_truth.createIndex()
        pairs = [zip(part.ids.tolist(), part.category_ids.tolist(), strict=True) for part in parts]
        return cls(ground_truth, skeleton, categories=dict(chain(*pairs)) if len(kinds) > 1 else {})

    def score(self, crops: ValidationCrops, keypoints: np.ndarray, scores: np.ndarray) -> KeypointAP:
        """AP and AR of joints (N, K, 2) in image px with scores (N, K), over the images that have crops."""
        poses = self.results(crops, keypoints, scores)
        return self.score_results(poses, sorted({*crops.image_ids.tolist(), *self.undetected_images}))

    def results(self, crops: ValidationCrops, keypoints: np.ndarray, scores: np.ndarray) -> list[Json]:
        """COCO's result records of joints (N, K, 2) in image px with scores (N, K), as they are scored.

        In a detector's boxes, near duplicates of a better pose are left out.
        """
        expected = (len(crops), self.skeleton.keypoints)
        if keypoints.shape != (*expected, 2) or scores.shape != expected:
            raise ValueError(
                f"keypoints must be {(*expected, 2)} and scores {expected}, "
                f"got {keypoints.shape} and {scores.shape}"
            )
        if not (np.isfinite(keypoints).all() and np.isfinite(scores).all()):
            raise ValueError("keypoints and scores must be finite; COCOeval counts NaN as a match")
        poses = self._detections(crops, keypoints, scores)
        if self.detected:
            return [poses[row] for row in self._distinct(crops, keypoints, scores)]
        return poses

    def score_results(self, results: list[Json], image_ids: list[int] | None = None) -> KeypointAP:
        """AP and AR of COCO's result records, over all images or those of `image_ids`; they may not be none.

        Of several categories it is the mean of their figures, as pycocotools has it.
        """
        return _summary(self._judged(results, image_ids))

    def score_categories(self, results: list[Json]) -> tuple[KeypointAP, dict[str, KeypointAP]]:
        """`score_results` over all images, and the figures of each category by its name."""
        run = self._judged(results, None)
        whole, names = _summary(run), _names(self.ground_truth.dataset["categories"])
        return whole, {
            names[number]: _summary(_of_category(run, place))
            for place, number in enumerate(run.params.catIds)
        }

    def _judged(self, results: list[Json], image_ids: list[int] | None) -> COCOeval:
        with _silence():
            detections = self.ground_truth.loadRes(results)
            run = COCOeval(self.ground_truth, detections, "keypoints")
            if image_ids is not None:
                run.params.imgIds = image_ids
            run.params.kpt_oks_sigmas = np.array(self.skeleton.oks_sigmas)
            run.evaluate()
            run.accumulate()
        return run

    def _detections(self, crops: ValidationCrops, keypoints: np.ndarray, scores: np.ndarray) -> list[Json]:
        flat = np.concatenate([keypoints, scores[..., None]], axis=-1, dtype=np.float64)
        (only,) = self.ground_truth.getCatIds() if not self.categories else (0,)
        columns = zip(
            crops.image_ids.tolist(),
            crops.annotation_ids.tolist(),
            flat.reshape(len(crops), -1),
            pose_scores(scores, crops.box_scores).tolist(),
            strict=True,
        )
        return [
            {"image_id": image_id, "category_id": self.categories.get(number, only), "keypoints": joints,
             "score": score}
            for image_id, number, joints, score in columns
        ]  # fmt: skip

    def _distinct(self, crops: ValidationCrops, keypoints: np.ndarray, scores: np.ndarray) -> list[int]:
        """Row numbers of the poses that are no duplicate of a better one on their image."""
        assert crops.areas_px2 is not None
        rated, sigmas = pose_scores(scores, crops.box_scores), np.array(self.skeleton.oks_sigmas)
        kept: list[int] = []
        for image_id in np.unique(crops.image_ids):
            rows = np.flatnonzero(crops.image_ids == image_id)
            kept += rows[oks_nms(keypoints[rows], rated[rows], crops.areas_px2[rows], sigmas)].tolist()
        return sorted(kept)


def pose_scores(keypoint_scores: np.ndarray, box_scores: np.ndarray) -> np.ndarray:
    """(N,): box score x mean score of the joints (N, K) above 0.2, 0 where none is."""
    counted = keypoint_scores > KEYPOINT_SCORE_THRESHOLD
    total = np.where(counted, keypoint_scores, 0.0).sum(axis=1, dtype=np.float64)
    scores: np.ndarray = box_scores * total / np.maximum(counted.sum(axis=1), 1)
    return scores


def _annotations_of(people: People) -> Annotations:
    """The file that the people were read from, with the joints in their order."""
    annotations = read_annotations(people.annotation_path)
    places = people.file_places or tuple(range(people.skeleton.keypoints))
    if places_of(people.skeleton.names, annotations.skeleton.names) != places:
        raise _changed(people)
    return annotations.in_order(places, people.skeleton)


def _changed(people: People) -> DataError:
    return DataError(
        f"{people.annotation_path} no longer holds the people read from it. "
        "Restore the annotation file, or read the people again."
    )


def _records(annotations: Annotations) -> Iterator[Json]:
    """What COCOeval reads of annotations, with joints as an array; the flags say how many there are."""
    labelled = annotations.labelled
    sizeless = (annotations.areas <= 0) & (labelled > 0) & ~annotations.crowd
    annotations.records.refuse_first(sizeless, "{record} must have an area or a box of some size")
    columns = zip(
        annotations.image_ids.tolist(), annotations.category_ids.tolist(),
        annotations.keypoints.reshape(len(annotations), -1), annotations.boxes.tolist(),
        annotations.areas.tolist(), annotations.crowd.tolist(), labelled.tolist(), strict=True,
    )  # fmt: skip
    for image_id, category_id, keypoints, box, area, crowd, count in columns:
        yield {
            "image_id": image_id, "category_id": category_id, "keypoints": keypoints, "bbox": box,
            "area": area, "iscrowd": int(crowd), "num_keypoints": count,
        }  # fmt: skip


def _summary(run: COCOeval) -> KeypointAP:
    with _silence():
        run.summarize()
    return KeypointAP(*map(float, run.stats))


def _of_category(run: COCOeval, place: int) -> COCOeval:
    """The judgement of one category alone."""
    alone = copy(run)
    precision, recall = (run.eval[key][..., place : place + 1, :, :] for key in ("precision", "recall"))
    alone.eval = run.eval | {"precision": precision, "recall": recall}
    return alone


def _names(categories: list[Json]) -> dict[int, str]:
    """Names of categories; those by one name have their ids behind them."""
    counts = Counter(category["name"] for category in categories)
    return {
        category["id"]: category["name"]
        if counts[category["name"]] == 1
        else "{name} ({id})".format(**category)
        for category in categories
    }


def _silence() -> contextlib.redirect_stdout[io.StringIO]:
    return contextlib.redirect_stdout(io.StringIO())

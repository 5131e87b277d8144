"""COCO keypoint results against an annotation file, by pycocotools, with refusals that name what is wrong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import final

import numpy as np

from workers.data.annotations.joints import predicted_joints
from workers.data.annotations.opening import Json
from workers.data.annotations.results import read_results
from workers.data.annotations.table import OTHER_CATEGORY, SHARED_ID, Annotations, read_annotations, remaining
from workers.data.people import in_words, skip_warning
from workers.errors import DataError
from workers.evaluation.coco.ap import CocoScorer, KeypointAP

_LIKE = "Write it as COCO's keypoint results: a list of {image_id, category_id, keypoints, score}."


@final
@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FileScore:
    """What a results file gives, and what a person must know of the two files."""

    ap: KeypointAP  # the mean over the categories
    categories: Mapping[str, KeypointAP]  # by name
    remarks: tuple[str, ...]  # lines: what was skipped or read otherwise than it is written
    warnings: tuple[str, ...]


def score_coco_files(truth: Path, predicted: Path) -> FileScore:
    """COCO's ten figures of a results file, over all images of the annotation file.

    Joints and their OKS sigmas are those of the categories that name keypoints. Raises DataError, naming the
    file and the record, where one is missing or not as it should be.
    """
    annotations = read_annotations(truth)
    results, notes = _results(predicted, annotations)
    scorer = CocoScorer.from_annotations(
        [annotations], annotations.skeleton, annotations.pictures.ids.tolist()
    )
    ap, categories = scorer.score_categories(results)
    known = {truth: (annotations.skipped, annotations.notes), predicted: notes}
    remarks = [f"{path}: {line}" for path, counts in known.items() for line in _said(*counts)]
    used = int(((annotations.labelled > 0) & ~annotations.crowd).sum())
    warning = skip_warning(used, annotations.skipped, truth)
    return FileScore(
        ap=ap, categories=categories, remarks=tuple(remarks), warnings=(warning,) if warning else ()
    )


_Counts = Mapping[str, int]


def _said(skipped: _Counts, notes: _Counts) -> list[str]:
    return [f"{what}{in_words(counts)}" for what, counts in (("skipped: ", skipped), ("", notes)) if counts]


def _results(path: Path, truth: Annotations) -> tuple[list[Json], tuple[_Counts, _Counts]]:
    """What COCOeval reads of the records of people, how many others there are, and what is to know."""
    records = read_results(path, _LIKE)
    category_ids = records.whole("category_id")
    all_image_ids = records.whole("image_id")
    wanted = [category.id for category in truth.categories]
    rows, others = remaining(np.arange(len(records)), {
        OTHER_CATEGORY: ~np.isin(category_ids, wanted),
        SHARED_ID: np.isin(all_image_ids, truth.pictures.shared_ids),
    })  # fmt: skip
    if not len(rows):
        raise DataError(f"{path} has no person of category {', '.join(map(str, wanted))}. {_LIKE}")
    people, image_ids = records.take(rows), all_image_ids[rows]
    unknown = truth.pictures.rows_of(image_ids) < 0
    people.refuse_first(unknown, f"{{record}} must be of an image that {truth.place} has", "image_id")
    joints = predicted_joints(people, truth.skeleton.names).reshape(len(rows), -1)
    columns = zip(
        image_ids.tolist(), category_ids[rows].tolist(), joints, people.finite("score").tolist(), strict=True
    )  # fmt: skip
    return [
        {"image_id": image_id, "category_id": category_id, "keypoints": keypoints, "score": score}
        for image_id, category_id, keypoints, score in columns
    ], (others, records.notes)

"""COCO's keypoint results of a network on a split in COCO's layout, as a search would score them."""

# Shapes: N people, K joints.
from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import final

import numpy as np
from torch import nn

from workers.data.annotations.opening import Json
from workers.data.coco import read_people
from workers.data.codec import Codec
from workers.data.people import People
from workers.data.skeleton import skeleton_from_names
from workers.data.skeletons.file import fitted_skeleton, read_skeleton
from workers.data.skeletons.order import with_joints_like
from workers.evaluation.coco.ap import CocoScorer
from workers.evaluation.coco.detections import read_detected_people
from workers.evaluation.coco.oks_nms import crop_areas
from workers.evaluation.crops import affines_of, crops_of, cut_out
from workers.evaluation.predict import predict_keypoints
from workers.files import whole_file
from workers.weights.any_network import AnyNetwork

BATCHES_HELD = 16  # crops of so many batches lie in memory at a time


@final
@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PeopleToPredict:
    """Whom to look for, joints in the network's order, and what makes records of the poses."""

    people: People
    scorer: CocoScorer
    box_scores: np.ndarray | None  # (N,); None for labelled boxes


def people_to_predict(
    root: Path, split: str, found: AnyNetwork, detections: Path | None = None, skeleton: Path | None = None
) -> PeopleToPredict:
    """The labelled people of root/{split}, or a detector's boxes, their joints matched by name.

    `skeleton` is a file that gives pairs and sigmas. Raises DataError where a file cannot be used, or its
    joints are not the network's.
    """
    detected = None if detections is None else read_detected_people(detections, root, split)
    people = read_people(root, split) if detected is None else detected.people
    if people.skeleton.names != found.joints:
        people = with_joints_like(people, skeleton_from_names(found.joints), "the network")
    if skeleton is not None:
        joints = fitted_skeleton(read_skeleton(skeleton), people.skeleton, skeleton)
        people = replace(people, skeleton=joints)
    scores = None if detected is None else detected.scores
    scorer = (
        CocoScorer.from_people(people)
        if detected is None
        else CocoScorer.from_detected(replace(detected, people=people))
    )
    return PeopleToPredict(people=people, scorer=scorer, box_scores=scores)


def coco_results(
    network: nn.Module, input_hw: tuple[int, int], wanted: PeopleToPredict, batch_size: int, flip_test: bool
) -> list[Json]:
    """COCO's records of everybody, joints in the annotation file's order.

    The same weights and batch size give the poses that a stage of a run scores, to the last digit.
    Raises DataError where an image cannot be read and TrainingError where heatmaps are not finite.
    """
    people, codec, step = wanted.people, Codec(input_hw), BATCHES_HELD * batch_size
    affines = affines_of(people, input_hw)
    parts = []
    for start in range(0, len(people), step):
        some = replace(people, people=people.people[start : start + step])
        place = affines[start : start + step]
        crops = crops_of(some, place, cut_out(some, place, input_hw))
        skeleton = wanted.scorer.skeleton
        parts.append(predict_keypoints(network, crops, codec, batch_size, flip_test, skeleton))
    keypoints, scores = (np.concatenate(part) for part in zip(*parts, strict=True))
    table = crops_of(people, affines, np.empty((0,)), wanted.box_scores)
    if wanted.box_scores is not None:
        table = replace(table, areas_px2=crop_areas(affines, input_hw))
    records = wanted.scorer.results(table, keypoints, scores)
    return [_in_file_order(record, people.file_places) for record in records]


def write_coco_results(path: Path, results: list[Json]) -> None:
    """A list of records, every number with all of its digits; whole or not at all."""
    with whole_file(path) as draft:
        draft.write_text(json.dumps(results, separators=(",", ":"), allow_nan=False) + "\n", encoding="utf-8")


def _in_file_order(record: Json, places: tuple[int, ...] | None) -> Json:
    joints = np.asarray(record["keypoints"]).reshape(-1, 3)
    moved = np.empty_like(joints)
    moved[list(places) if places is not None else slice(None)] = joints
    return record | {"keypoints": moved.ravel().tolist()}

"""Inputs of a search: the supernet's weights, crops to recalibrate on and to score, the truth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from platform.run.context import Run
from platform.stages.spatial.scoring import evenly_spaced_people
from platform.trials.evaluation_digest import evaluation_digest
from spaces.space import SearchSpace
from spaces.streams import Stream, generator
from workers.data.coco import locate
from workers.data.codec import Codec
from workers.data.joints.names import is_plain
from workers.data.people import People
from workers.data.skeleton import Skeleton
from workers.data.skeletons.order import with_joints_like
from workers.evaluation.coco.ap import CocoScorer
from workers.evaluation.coco.detections import read_detected_people
from workers.evaluation.crops import ValidationCrops
from workers.evaluation.on_ray_crops import share_crops
from workers.search.evaluator import SearchInputs
from workers.weights.safetensors import load_supernet


def search_inputs(context: Run, space: SearchSpace, people: People) -> SearchInputs:
    """A search's inputs; Ray's tasks cut out the crops, its object store keeps them. Needs a Ray session."""
    config = context.config
    weights = load_supernet(context.folder.supernet, space)
    training = context.people(config.data.train_split)
    chosen = evenly_spaced_people(training, min(config.search.recalibration_people, len(training)))
    chunk_bytes = config.search.crop_chunk_mib << 20
    people = with_joints_like(people, training.skeleton, training.annotation_path.name)
    crops, scorer = _crops(context, people, chunk_bytes)
    return SearchInputs(
        space=space.name,
        keypoints=space.keypoints,
        input_hw=config.space.input_hw,
        weights={name: tensor.numpy() for name, tensor in weights.items()},
        recalibration_images=share_crops(chosen, config.space.input_hw, chunk_bytes).images,
        crops=crops,
        scorer=scorer,
        codec=Codec(config.space.input_hw, config.space.sigma_cells),
        batch_size=config.search.batch_size,
        flip_test=config.search.flip_test,
        first_rung_people=first_rung_rows(crops.image_ids.tolist(), config.search.first_look_people),
    )


def first_rung_rows(image_ids: Sequence[int], people: int) -> int:
    """Crops of a first rung of at least `people`, up to where an image ends; 0 where they would be all."""
    if not people:
        return 0
    ends = (row for row in range(people, len(image_ids)) if image_ids[row] != image_ids[row - 1])
    return next(ends, 0)


def _crops(context: Run, people: People, chunk_bytes: int) -> tuple[ValidationCrops, CocoScorer]:
    config, scores = context.config, None
    if config.search.detections is None:
        scorer = CocoScorer.from_people(people)
    else:
        detected = read_detected_people(config.search.detections, context.data_root, config.data.val_split)
        found = replace(detected.people, skeleton=people.skeleton, file_places=people.file_places)
        detected = replace(detected, people=found)
        people, scores, scorer = found, detected.scores, CocoScorer.from_detected(detected)
    people, scores = _shuffled(people, scores)
    return share_crops(people, config.space.input_hw, chunk_bytes, scores), scorer


def _shuffled(people: People, scores: np.ndarray | None) -> tuple[People, np.ndarray | None]:
    """The people in random order: the first are a fair sample, neighbours in an annotation file are not."""
    order = generator(Stream.PEOPLE_ORDER, seed=0).permutation(len(people))
    mixed = replace(people, people=tuple(people.people[row] for row in order))
    return mixed, None if scores is None else scores[order]


SCORING_FIELDS = ("recalibration_people", "batch_size", "flip_test")  # of SearchConfig


def search_digest(context: Run, space: SearchSpace, skeleton: Skeleton) -> str:
    """Digest of a run's supernet, annotation files and settings; images count by the names there.

    Pairs and sigmas count where they are given, or read from names that are not spelt as COCO's are.
    """
    config = context.config
    splits = (config.data.train_split, config.data.val_split)
    annotations = [locate(context.data_root, split)[1] for split in splits]
    if config.search.detections is not None:
        annotations.append(config.search.detections)
    settings = {name: getattr(config.search, name) for name in SCORING_FIELDS} | {
        "space": space.name, "keypoints": space.keypoints, "input_hw": list(space.input_hw),
        "sigma_cells": config.space.sigma_cells,
    }  # fmt: skip
    if config.data.skeleton is not None or not is_plain(skeleton.names):
        settings["skeleton"] = [list(skeleton.names), skeleton.flip_pairs, skeleton.oks_sigmas]
    return evaluation_digest(context.folder.supernet, annotations, settings)

"""The same subnets scored by the platform and by a plain loop: noise as crops, a truth that is easily met."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import ray
import torch

from platform.config.sections.resources import ResourceConfig
from platform.trials.on_ray_tune import run_trials
from spaces.architecture import Architecture
from spaces.extract import extract
from spaces.initialise import initialise
from spaces.registry import build_space
from tests.benchmarks.noop_search import SLOTS, Prepared
from tests.workers.data.checked import checked
from workers.data.codec import Codec
from workers.data.skeleton import COCO17
from workers.evaluation.coco.ap import CocoScorer
from workers.evaluation.crops import ValidationCrops
from workers.evaluation.inputs import network_input
from workers.evaluation.on_ray_crops import SharedImages
from workers.evaluation.predict import to_image_px
from workers.evaluation.recalibrate import recalibrate
from workers.search.evaluator import SearchInputs

HW = (128, 96)
SPACE = build_space("mobilenetv3-small", 17, HW)
PEOPLE, BATCH = 256, 64
CODEC = Codec(HW, 1.5)
Scores = dict[int, float]


def platform_ap(inputs: SearchInputs, trials: int, folder: Path) -> tuple[Scores, float]:
    """Each trial's AP, and the seconds from the first proposal to the last row."""
    found: Scores = {}

    def add(trial: int, architecture: Architecture, measured: dict[str, Any]) -> None:
        assert measured["status"] == "finished", measured["error"]
        found[trial] = measured["ap"]

    shared = ray.put(_shared(inputs))
    start_s = time.monotonic()
    run_trials(Prepared(trials), range(trials), shared, ResourceConfig(slots=SLOTS), folder, add)
    return found, time.monotonic() - start_s


def plain_ap(inputs: SearchInputs, trials: int) -> tuple[Scores, float]:
    """One process, PyTorch on both cores: extract, recalibrate, forward, decode, pycocotools."""
    supernet = SPACE.supernet()
    supernet.load_state_dict({name: torch.tensor(array) for name, array in inputs.weights.items()})
    sampler, threads = Prepared(trials), torch.get_num_threads()
    torch.set_num_threads(SLOTS)
    start_s = time.monotonic()
    networks = (extract(SPACE, supernet, sampler.propose(trial)) for trial in range(trials))
    found = {trial: _plain(inputs, network) for trial, network in enumerate(networks)}
    torch.set_num_threads(threads)
    return found, time.monotonic() - start_s


def _plain(inputs: SearchInputs, network: torch.nn.Module) -> float:
    recalibrate(network, inputs.recalibration_images, BATCH)
    points: list[np.ndarray] = []
    scores: list[np.ndarray] = []
    with torch.inference_mode():
        for start in range(0, PEOPLE, BATCH):
            heatmaps = network(network_input(network, inputs.crops.images[start : start + BATCH])).numpy()
            for parts, part in zip((points, scores), CODEC.decode(heatmaps), strict=True):
                parts.append(part)
    joints = to_image_px(np.concatenate(points), inputs.crops.affines)
    return inputs.scorer.score(inputs.crops, joints, np.concatenate(scores)).ap


def synthetic_inputs() -> SearchInputs:
    """Weights at random and people at random; sigmas twelve times COCO's, so that wild guesses score."""
    rng = np.random.default_rng(0)
    supernet = initialise(SPACE.supernet(), seed=1, sigma=0.2)
    lenient = replace(COCO17, oks_sigmas=tuple(12 * sigma for sigma in COCO17.oks_sigmas))
    records = [_record(rng, number) for number in range(PEOPLE)]
    return SearchInputs(
        space=SPACE.name, keypoints=17, input_hw=HW,
        weights={name: tensor.numpy() for name, tensor in supernet.state_dict().items()},
        recalibration_images=_images(rng), crops=_crops(_images(rng)),
        scorer=CocoScorer.from_annotations([checked(records, COCO17)], lenient), codec=CODEC,
        batch_size=BATCH, flip_test=False,
    )  # fmt: skip


def _shared(inputs: SearchInputs) -> SearchInputs:
    """With the crops in the object store, as a run has them."""
    images = (inputs.recalibration_images, inputs.crops.images)
    recalibration, crops = (SharedImages([ray.put(part)], [PEOPLE]) for part in images)
    return replace(inputs, recalibration_images=recalibration, crops=replace(inputs.crops, images=crops))


def _images(rng: np.random.Generator) -> np.ndarray:
    coarse = rng.integers(0, 256, (PEOPLE, 16, 12, 3), np.uint8)
    return coarse.repeat(8, axis=1).repeat(8, axis=2)


def _crops(images: np.ndarray) -> ValidationCrops:
    numbers = np.arange(1, PEOPLE + 1)
    return ValidationCrops(
        images=images, affines=np.tile(np.eye(3)[:2], (PEOPLE, 1, 1)), image_ids=numbers,
        annotation_ids=numbers, box_scores=np.ones(PEOPLE),
    )  # fmt: skip


def _record(rng: np.random.Generator, number: int) -> dict[str, Any]:
    joints = np.column_stack([rng.uniform(0, (HW[1], HW[0]), (17, 2)), np.full(17, 2)])
    return {
        "id": number + 1, "image_id": number + 1, "category_id": 1, "iscrowd": 0, "area": 5000.0,
        "bbox": [0, 0, HW[1], HW[0]], "num_keypoints": 17, "keypoints": joints.ravel().tolist(),
    }  # fmt: skip

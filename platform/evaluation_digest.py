"""What a subnet's score depends on beside the subnet, as one short text: equal texts, comparable scores."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from platform.stages.context import StageContext
from spaces.space import SearchSpace
from workers.data.coco import locate
from workers.weights.safetensors import load_weights

DIGITS = 16
SCORING_FIELDS = ("recalibration_people", "batch_size", "flip_test")  # of SearchConfig


def search_digest(context: StageContext, space: SearchSpace) -> str:
    """Of a run's supernet, annotation files and settings. Images count by their names in the annotations."""
    config = context.config
    splits = (config.data.train_split, config.data.val_split)
    annotations = [locate(context.data_root, split)[1] for split in splits]
    if config.search.detections is not None:
        annotations.append(config.search.detections)
    settings = {name: getattr(config.search, name) for name in SCORING_FIELDS} | {
        "space": space.name, "keypoints": space.keypoints, "input_hw": list(space.input_hw),
        "sigma_cells": config.space.sigma_cells,
    }  # fmt: skip
    return evaluation_digest(context.folder.supernet, annotations, settings)


def evaluation_digest(weights: Path, annotations: list[Path], settings: Mapping[str, Any]) -> str:
    """Of the tensors, not of their file: safetensors leaves the order of its metadata to chance."""
    digest = hashlib.sha256(json.dumps(settings, sort_keys=True).encode())
    for name, tensor in sorted(load_weights(weights, {}).items()):
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        digest.update(tensor.contiguous().numpy().tobytes())
    for path in annotations:
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:DIGITS]

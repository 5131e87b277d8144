"""What a training reads: people, or clips of them, cropped and augmented as its recipe says."""

from __future__ import annotations

from typing import Any

from workers.data.batches.clip_set import ClipTrainingSet
from workers.data.batches.people_set import PeopleTrainingSet
from workers.data.batches.training_set import TrainingSet
from workers.data.clips import Clips
from workers.data.codec import Codec
from workers.data.people import People
from workers.training.config import SpatialTask


def people_set(task: SpatialTask, people: People) -> TrainingSet:
    return PeopleTrainingSet(people, *_drawing(task), **_options(task))


def clip_set(task: SpatialTask, clips: Clips) -> ClipTrainingSet:
    return ClipTrainingSet(clips, *_drawing(task), **_options(task))


def _drawing(task: SpatialTask) -> tuple[Any, ...]:
    return Codec(task.input_hw, task.sigma_cells), task.train.augmentation


def _options(task: SpatialTask) -> dict[str, Any]:
    train = task.train
    return {
        "memory_bytes": train.memory_mib << 20, "crop_cache": train.crop_cache,
        "processes": train.loader_processes,
    }  # fmt: skip

"""The input pipeline alone, in images per second and core, and the training step that consumes it.

On coco_mini's training people where it lies beside the checkout, else on synthetic JPEGs of COCO's size.
256x192 input, rotation and flip as in the recipe coco-mbv3. All on one thread; time is the processor's, for
the clock's is also the neighbours'. The step is the sandwich of mobilenetv3 (biggest, smallest, two random
subnets), forward, backward and update. With the pipeline 20 times as fast as the step, it takes less than 5 %
of a core that does both. The share of waiting is by the clock, as a run prints it.

On two busy cores, when the targets were set: 401 images/s decoding every time, 1,825 kept in memory, 1,912
from packed crops; the step consumed 1.9, so the ratios were 215, 976 and 1,023.
"""

from __future__ import annotations

import json
import shutil
import statistics
import tempfile
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from platform.config.recipes import coco_mbv3, smoke
from platform.config.run import RunConfig
from tests.benchmarks.figure import Figure, at_least, at_most
from tests.threads import one_thread
from workers.data.batches.people_set import PeopleTrainingSet
from workers.data.batches.training_set import TrainingSet
from workers.data.coco import annotation_file, read_people
from workers.data.codec import Codec
from workers.data.people import People
from workers.data.skeleton import COCO17
from workers.training.config import SpatialTask
from workers.training.parallel.ranks import Ranks
from workers.training.tasks.supernet import SupernetTraining

SPLIT, SYNTHETIC_IMAGES, SYNTHETIC_PEOPLE = "train2017", 40, 3
SIZE_HW = (480, 640)
INPUT_BATCH, BATCH = 32, 8
REPEATS, STEPS = 5, 5
LEAST_RATE = {"decoding every time": 250.0, "kept in memory": 1000.0, "packed crops": 1000.0}
LEAST_RATIO = 20.0
MOST_WAITING_PERCENT = 5.0


def measure() -> list[Figure]:
    with one_thread(), tempfile.TemporaryDirectory() as folder:
        people = read_people(_data(Path(folder)), SPLIT)
        rates = {
            "decoding every time": images_per_s(people, memory_bytes=0),
            "kept in memory": images_per_s(people, memory_bytes=4 << 30),
            "packed crops": images_per_s(people, crop_cache=True),
        }
        consumed, waited = zip(*(step(people, recipe) for recipe in (coco_mbv3(), smoke())), strict=True)
    return [
        *(at_least(f"input, {name}", rate, "images/s", LEAST_RATE[name]) for name, rate in rates.items()),
        Figure(name="sandwich step, coco-mbv3", figure=consumed[0], unit="images/s"),
        *(at_least(f"input / step, {name}", rate / consumed[0], "ratio", LEAST_RATIO)
          for name, rate in rates.items()),
        *(at_most(f"waiting for data, {name}", 100 * share, "%", MOST_WAITING_PERCENT)
          for name, share in zip(("coco-mbv3", "smoke"), waited, strict=True)),
    ]  # fmt: skip


def images_per_s(people: People, *, memory_bytes: int = 0, crop_cache: bool = False) -> float:
    """The median rate over epochs at which one core makes batches; the first, which fills, is left out."""
    data = _training_set(people, memory_bytes=memory_bytes, crop_cache=crop_cache)
    rates = [_epoch_rate(data, epoch) for epoch in range(REPEATS + 1)]
    return statistics.median(rates[1:])


def step(people: People, recipe: RunConfig) -> tuple[float, float]:
    """Images that the recipe's step consumes per second of one core, and the share of time that it waits."""
    task = SpatialTask(
        space=recipe.space.name, input_hw=recipe.space.input_hw, sigma_cells=recipe.space.sigma_cells,
        seed=0, train=replace(recipe.train, batch_size=BATCH),
    )  # fmt: skip
    training = SupernetTraining(task, people, Ranks())
    with closing(training.steps()) as steps:
        next(steps)
        taken = []
        for _ in range(STEPS):
            start_s = time.thread_time()  # without the thread that makes the next batch
            report = next(steps)
            taken.append(time.thread_time() - start_s)
    return BATCH / statistics.median(taken), report.data_wait_share


def _training_set(people: People, *, memory_bytes: int, crop_cache: bool) -> TrainingSet:
    recipe = coco_mbv3()
    codec = Codec(recipe.space.input_hw, recipe.space.sigma_cells)
    data = PeopleTrainingSet(
        people, codec, recipe.train.augmentation, memory_bytes=memory_bytes, crop_cache=crop_cache
    )
    data.say = lambda _: None
    return data


def _epoch_rate(data: TrainingSet, epoch: int) -> float:
    """Images per second of processor time; the consumer does nothing, so all of it is the pipeline's."""
    with data.batches(seed=0, epoch=epoch, batch_size=INPUT_BATCH) as batches:
        next(batches)
        start_s = time.process_time()
        images = sum(len(batch.images) for batch in batches)
        return images / (time.process_time() - start_s)


def _data(folder: Path) -> Path:
    """A data folder of which a cache may be left; coco_mini's images are linked, not copied."""
    real = Path(__file__).resolve().parents[3] / "shared" / "data" / "coco_mini"
    if not real.is_dir():
        return _synthetic(folder)
    shutil.copytree(real / "annotations", folder / "annotations")
    (folder / SPLIT).symlink_to(real / SPLIT)
    return folder


def _synthetic(folder: Path) -> Path:
    """JPEGs as heavy as COCO's, some 160 kB, and people of a third to all of the image's height."""
    rng = np.random.default_rng(0)
    (folder / SPLIT).mkdir()
    images, annotations = [], []
    for image_id in range(SYNTHETIC_IMAGES):
        name = f"{image_id:012d}.jpg"
        cv2.imwrite(str(folder / SPLIT / name), _picture(rng), [cv2.IMWRITE_JPEG_QUALITY, 95])
        images.append({"id": image_id, "file_name": name, "height": SIZE_HW[0], "width": SIZE_HW[1]})
        annotations += [
            _person(rng, image_id, image_id * SYNTHETIC_PEOPLE + i) for i in range(SYNTHETIC_PEOPLE)
        ]
    path = annotation_file(folder, SPLIT)
    path.parent.mkdir()
    path.write_text(json.dumps({"images": images, "annotations": annotations, "categories": [_CATEGORY]}))
    return folder


def _picture(rng: np.random.Generator) -> np.ndarray:
    """Noise at several scales, (H, W, 3) uint8."""
    layers = [
        cv2.resize(rng.normal(0, 40, (rows, rows * 4 // 3, 3)), SIZE_HW[::-1], interpolation=cv2.INTER_CUBIC)
        for rows in (6, 30, 120)
    ]
    return np.clip(128 + np.sum(layers, axis=0), 0, 255).astype(np.uint8)


def _person(rng: np.random.Generator, image_id: int, annotation_id: int) -> dict[str, Any]:
    height = rng.uniform(0.3, 0.95) * SIZE_HW[0]
    width = height * rng.uniform(0.3, 0.8)
    left, top = rng.uniform(0, SIZE_HW[1] - width), rng.uniform(0, SIZE_HW[0] - height)
    points = rng.uniform((left, top), (left + width, top + height), (COCO17.keypoints, 2)).round()
    return {
        "id": annotation_id, "image_id": image_id, "category_id": 1, "iscrowd": 0, "area": width * height / 2,
        "bbox": [left, top, width, height], "num_keypoints": COCO17.keypoints,
        "keypoints": np.insert(points, 2, 2, axis=1).ravel().tolist(),
    }  # fmt: skip


_CATEGORY = {"id": 1, "name": "person", "keypoints": list(COCO17.names), "skeleton": []}

"""Searches of a synthetic, untrained supernet whose drivers may be killed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from platform.config.recipes import tiny
from platform.config.run import RunConfig
from platform.config.sections.data import DataConfig
from platform.config.sections.resources import ResourceConfig
from spaces.initialise import initialise
from spaces.registry import build_space
from tests.end_to_end.drivers import Driver, by_fork
from workers.data.synthetic.config import SyntheticConfig
from workers.data.synthetic.dataset import write_synthetic_dataset
from workers.weights.safetensors import save_weights

NAME, SEED = "kills", 2  # a front of several
INPUT_HW = (64, 32)
LENIENT = 60  # times a person's area: what an untrained network says is then right now and then
SLOWLY: dict[str, Any] = {"batch_size": 1, "recalibration_people": 28, "flip_test": True}  # to be killed in


@dataclass(frozen=True, slots=True)
class Search:
    """One run's folder, and what starts drivers on it."""

    storage: Path
    data: Path
    address: str
    trials: int
    tracking_uri: str

    @property
    def folder(self) -> Path:
        return self.storage / NAME

    @property
    def rows(self) -> list[Path]:
        return sorted((self.folder / "trials.parquet").glob("spatial_search-*.parquet"))

    def config(self, slots: int) -> RunConfig:
        base = tiny()
        return replace(
            base, name=NAME, seed=SEED, storage=self.storage, stages=("spatial_search",),
            tracking_uri=self.tracking_uri,
            data=DataConfig(root=self.data),
            space=replace(base.space, input_hw=INPUT_HW),
            search=replace(base.search, trials=self.trials, **SLOWLY),
            resources=ResourceConfig(address=self.address, slots=slots),
        )  # fmt: skip

    @contextmanager
    def started(self, slots: int) -> Iterator[Driver]:
        give_supernet(self.folder)
        with by_fork(self.config(slots)) as driver:
            yield driver

    def finish(self, slots: int) -> None:
        with self.started(slots) as driver:
            driver.finish()

    def table(self) -> pd.DataFrame:
        return pd.read_parquet(self.folder / "trials.parquet").sort_values("trial").reset_index(drop=True)


def give_supernet(folder: Path) -> None:
    path = folder / "supernet.safetensors"
    if not path.exists():
        space = build_space(tiny().space.name, input_hw=INPUT_HW)
        supernet = initialise(space.supernet(), seed=3, sigma=0.2)
        facts = {"space": space.name, "keypoints": str(space.keypoints)}
        save_weights(path, supernet.state_dict(), facts)


def lenient_data(folder: Path) -> Path:
    """A few synthetic people whom even an untrained network finds here and there."""
    root = write_synthetic_dataset(folder, SyntheticConfig(clips=8, frames_per_clip=2, people_per_clip=2))
    path = root / "annotations" / "person_keypoints_val2017.json"
    content = json.loads(path.read_text())
    for annotation in content["annotations"]:
        annotation["area"] *= LENIENT
    path.write_text(json.dumps(content))
    return root

"""Named runs: each recipe is a function that returns a whole configuration. `RECIPES` lists them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from platform.config import DataConfig, ResourceConfig, RunConfig, SearchConfig, SpaceConfig
from platform.errors import ConfigError
from workers.data.augment import Augmentation
from workers.data.made import MadeConfig
from workers.training.config import TrainConfig


def smoke() -> RunConfig:
    """A whole search in minutes on two cores: made people, a small MobileNetV3 space, 128x96 input."""
    return RunConfig(
        name="smoke",
        space=SpaceConfig(name="mobilenetv3-small", input_hw=(128, 96), sigma_cells=1.5),
        train=TrainConfig(
            epochs=12,
            batch_size=16,
            learning_rate=2e-3,
            warmup_steps=60,
            decay="cosine",
            augmentation=Augmentation(rotation_deg=0),
        ),
        search=SearchConfig(trials=32, max_gmacs=0.03, recalibration_people=256),
    )


def tiny() -> RunConfig:
    """The same path in under a minute, for trying out an installation: its accuracy means nothing."""
    return RunConfig(
        name="tiny",
        data=DataConfig(made=MadeConfig(clips=8, frames_per_clip=2, people_per_clip=2)),
        space=SpaceConfig(name="mobilenetv3-small", input_hw=(64, 64), sigma_cells=1.5),
        train=TrainConfig(epochs=2, batch_size=8, warmup_steps=2, decay="cosine", random_subnets=1),
        search=SearchConfig(trials=4, recalibration_people=16, batch_size=16),
        resources=ResourceConfig(cpus=2, object_store_mib=128),
    )


def coco_mbv3() -> RunConfig:
    """S-ViPNAS on MobileNetV3, the paper's section 4.2: COCO in data/coco, 8 GPUs, 500 subnets."""
    return RunConfig(
        name="coco-mbv3",
        data=DataConfig(root=Path("data/coco")),
        space=SpaceConfig(name="mobilenetv3"),
        train=TrainConfig(batch_size=256),
        search=SearchConfig(max_gmacs=0.75, flip_test=True),
        resources=ResourceConfig(
            train_workers=8, gpus_per_train_worker=1, cpus_per_train_worker=8,
            slots=16, gpus_per_slot=0.5, cpus_per_slot=4,
        ),
    )  # fmt: skip


RECIPES: Mapping[str, Callable[[], RunConfig]] = {
    "smoke": smoke,
    "tiny": tiny,
    "coco-mbv3": coco_mbv3,
}


def recipe(name: str) -> RunConfig:
    """The named recipe's configuration; ConfigError lists the known names."""
    if name not in RECIPES:
        raise ConfigError(f"no recipe {name!r}; the known ones are: {', '.join(RECIPES)}")
    return RECIPES[name]()

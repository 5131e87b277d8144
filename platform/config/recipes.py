"""Named runs: each a function that returns a whole configuration."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from platform.config.run import RunConfig
from platform.config.sections.data import DataConfig, SpaceConfig
from platform.config.sections.resources import ResourceConfig
from platform.config.sections.search import AllocationConfig, SearchConfig
from platform.config.sections.temporal import TemporalConfig
from platform.config.sections.training import AllocationRetrainConfig, FinetuneConfig, RetrainConfig
from platform.config.stage_names import SEARCH_STAGES, StageName
from platform.terminal.errors import ConfigError
from platform.terminal.suggestions import unknown
from workers.data.batches.augment import Augmentation
from workers.data.synthetic.config import SyntheticConfig
from workers.training.config import TrainConfig

VIDEO: tuple[StageName, ...] = (
    "spatial_finetune", "temporal_train", "temporal_search", "temporal_retrain", "report",
)  # fmt: skip
RETRAINED: tuple[StageName, ...] = (*SEARCH_STAGES[:-1], "spatial_retrain", "report")
BOTH_LEVELS: tuple[StageName, ...] = (*RETRAINED[:-1], *VIDEO)
EIGHT_GPUS = ResourceConfig(
    train_workers=8, gpus_per_train_worker=1, cpus_per_train_worker=8,
    slots=16, gpus_per_slot=0.5, cpus_per_slot=4,
)  # fmt: skip


def smoke() -> RunConfig:
    """Both levels in some 20 minutes on two cores: synthetic clips, a small MobileNetV3, 96x64 input."""
    return RunConfig(
        name="smoke",
        stages=BOTH_LEVELS,
        data=DataConfig(  # two key frames a clip
            made=SyntheticConfig(clips=360, frames_per_clip=8, validation_fraction=0.12, transience=0.8)
        ),
        space=SpaceConfig(name="mobilenetv3-small", input_hw=(96, 64), sigma_cells=1.5),
        train=TrainConfig(
            epochs=2,
            batch_size=16,
            learning_rate=2e-3,
            warmup_steps=60,
            decay="cosine",
            augmentation=Augmentation(rotation_deg=0),
            sync_norm=False,  # a step is short here: the 170 messages it takes would be felt
        ),
        search=SearchConfig(trials=32, max_gmacs=0.012, recalibration_people=256),
        retrain=RetrainConfig(start="slice", epochs=1),
        finetune=FinetuneConfig(epochs=3, learning_rate=2e-3, drop_epochs=(2,)),
        temporal=TemporalConfig(
            epochs=1,
            learning_rate=2e-3,
            search=AllocationConfig(trials=256, sampler="prefix", max_gmacs=0.0075),
            retrain=AllocationRetrainConfig(epochs=5, learning_rate=2e-3),
        ),
    )


def tiny() -> RunConfig:
    """The spatial level in under a minute, to try an installation: its accuracy means nothing."""
    return RunConfig(
        name="tiny",
        data=DataConfig(made=SyntheticConfig(clips=8, frames_per_clip=2, people_per_clip=2)),
        space=SpaceConfig(name="mobilenetv3-small", input_hw=(64, 64), sigma_cells=1.5),
        train=TrainConfig(epochs=2, batch_size=8, warmup_steps=2, decay="cosine", random_subnets=1),
        search=SearchConfig(trials=4, recalibration_people=16, batch_size=16),
        resources=ResourceConfig(cpus=2, object_store_mib=128),
    )


def tiny_video() -> RunConfig:
    """Both levels in about two minutes, down to an allocation: its accuracy means nothing either."""
    return replace(
        tiny(),
        name="tiny-video",
        stages=BOTH_LEVELS,
        data=DataConfig(made=SyntheticConfig(clips=8, frames_per_clip=4, people_per_clip=2)),
        retrain=RetrainConfig(start="slice", epochs=1),
        finetune=FinetuneConfig(epochs=1),
        temporal=TemporalConfig(
            epochs=2,
            batch_clips=4,
            validate_every_epochs=2,
            search=AllocationConfig(trials=6, sampler="prefix", recalibration_clips=8, batch_size=16),
            retrain=AllocationRetrainConfig(epochs=1),
        ),
    )


def coco_mbv3() -> RunConfig:
    """S-ViPNAS on MobileNetV3 (section 4.2): COCO in data/coco, 8 GPUs, 500 subnets, the best retrained."""
    return _coco("coco-mbv3", space="mobilenetv3", max_gmacs=0.75)


def coco_res50() -> RunConfig:
    """S-ViPNAS on ResNet-50, likewise."""
    return _coco("coco-res50", space="resnet50", max_gmacs=1.5)


def coco_hrnet() -> RunConfig:
    """S-ViPNAS on HRNet-W32, likewise."""
    return _coco("coco-hrnet", space="hrnet-w32", max_gmacs=5.7)


def posetrack_mbv3() -> RunConfig:
    """T-ViPNAS on MobileNetV3 (section 4.2): coco-mbv3's network, on PoseTrack18 in data/posetrack18."""
    return _posetrack("posetrack-mbv3", coco_mbv3(), max_gmacs=0.37)


def posetrack_res50() -> RunConfig:
    """T-ViPNAS on ResNet-50, likewise."""
    return _posetrack("posetrack-res50", coco_res50(), max_gmacs=0.82)


def posetrack_hrnet() -> RunConfig:
    """T-ViPNAS on HRNet-W32, likewise; the paper has none: its budget is ResNet-50's share of S-ViPNAS."""
    return _posetrack("posetrack-hrnet", coco_hrnet(), max_gmacs=3.2)


def _coco(name: str, space: str, max_gmacs: float) -> RunConfig:
    """What the paper says is TrainConfig's default; it is silent on batch size and warm-up."""
    return RunConfig(
        name=name,
        stages=RETRAINED,
        data=DataConfig(root=Path("data/coco")),
        space=SpaceConfig(name=space),
        train=TrainConfig(batch_size=256, validate_every_epochs=10),
        search=SearchConfig(trials=500, max_gmacs=max_gmacs, flip_test=True),
        resources=EIGHT_GPUS,
    )


def _posetrack(name: str, coco: RunConfig, max_gmacs: float) -> RunConfig:
    """`max_gmacs` is the average frame's in Table 1."""
    weights = coco.storage / coco.name / "network.safetensors"
    return replace(
        coco,
        name=name,
        stages=VIDEO,
        finetune=FinetuneConfig(root=Path("data/posetrack18"), weights=weights),
        temporal=TemporalConfig(
            batch_clips=64,  # of four frames: as many crops in a step as in one of COCO's
            validate_every_epochs=10,
            search=AllocationConfig(max_gmacs=max_gmacs, recalibration_clips=256, batch_size=256),
        ),
    )


RECIPES: Mapping[str, Callable[[], RunConfig]] = {
    "smoke": smoke,
    "tiny": tiny,
    "tiny-video": tiny_video,
    "coco-mbv3": coco_mbv3,
    "coco-res50": coco_res50,
    "coco-hrnet": coco_hrnet,
    "posetrack-mbv3": posetrack_mbv3,
    "posetrack-res50": posetrack_res50,
    "posetrack-hrnet": posetrack_hrnet,
}


def recipe(name: str) -> RunConfig:
    """The named recipe's configuration; ConfigError lists the known names."""
    if name not in RECIPES:
        raise ConfigError(unknown("recipe", name, RECIPES))
    return RECIPES[name]()


def listing() -> list[str]:
    """A line for each recipe: its name and what it is."""
    width = max(map(len, RECIPES)) + 2
    return [f"{name:<{width}}{' '.join((build.__doc__ or '').split())}" for name, build in RECIPES.items()]

"""What can be known to fail before anything is written or started."""

from __future__ import annotations

from pathlib import Path

from platform.config import RunConfig
from platform.errors import ConfigError
from platform.run_folder import folder_of
from platform.warm_start import check_runs
from spaces.registry import build_space
from workers.data.coco import locate
from workers.data.posetrack import locate_posetrack


def check(config: RunConfig) -> None:
    """Raises what a stage would raise later: an unknown space, an empty constraint, missing data."""
    space = build_space(config.space.name, input_hw=config.space.input_hw)
    config.search.constraint.check(space)
    if config.data.root is not None and set(config.stages) - {"spatial_finetune"}:
        for split in (config.data.train_split, config.data.val_split):
            locate(config.data.root, split)
    if not folder_of(config).warm_start.exists():  # once settled, those runs are not needed any more
        check_runs(config.warm_start)
    if "spatial_retrain" in config.stages:
        _need_file("retrain.architecture", config.retrain.architecture)
    if "spatial_finetune" in config.stages:
        _check_finetune(config)


def _check_finetune(config: RunConfig) -> None:
    finetune = config.finetune
    _need_file("finetune.weights", finetune.weights)
    if finetune.root is not None:
        for split in (finetune.train_split, finetune.val_split):
            locate_posetrack(finetune.root, split)
    elif config.data.root is not None:
        raise ConfigError(
            "finetune.root must be a folder in PoseTrack18's layout (images/, annotations/) where data.root "
            f"is given ({config.data.root}), but it is not given. Give --finetune.root FOLDER."
        )


def _need_file(name: str, path: Path | None) -> None:
    if path is not None and not path.is_file():
        raise ConfigError(f"{name} must be a file, but {path} is none")

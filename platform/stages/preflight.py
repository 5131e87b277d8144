"""What can be known to fail before anything is written or started."""

from __future__ import annotations

from pathlib import Path

from platform.config.run import RunConfig
from platform.config.search import AllocationConfig
from platform.config.stage_names import StageName
from platform.feasible.allocations import LATENCY_FIELD
from platform.feasible.feasible_set import check_latency_bound
from platform.terminal.errors import ConfigError
from platform.trials.warm_start import check_runs, is_settled
from spaces.registry import build_space
from workers.data.coco import locate
from workers.data.posetrack import locate_posetrack
from workers.data.skeletons.file import read_skeleton

TEMPORAL_STAGES: frozenset[StageName] = frozenset({"temporal_train", "temporal_search", "temporal_retrain"})
WITHOUT_COCO: frozenset[StageName] = TEMPORAL_STAGES | {"spatial_finetune", "report"}


def check(config: RunConfig) -> None:
    """Raises what a stage would raise later: an unknown space, an empty constraint, missing data."""
    space = build_space(config.space.name, input_hw=config.space.input_hw)
    config.search.constraint.check(space)
    if config.data.root is not None and set(config.stages) - WITHOUT_COCO:
        for split in (config.data.train_split, config.data.val_split):
            locate(config.data.root, split)
    if config.data.skeleton is not None:
        read_skeleton(config.data.skeleton)
    if not is_settled(config):
        check_runs(config.warm_start)
    if "spatial_retrain" in config.stages:
        _need_file("retrain.architecture", config.retrain.architecture)
    if "spatial_finetune" in config.stages:
        _need_file("finetune.weights", config.finetune.weights)
        splits = (config.finetune.train_split, config.finetune.val_split)
        _check_posetrack(config, "finetune.root", config.finetune.root, splits)
    if TEMPORAL_STAGES & set(config.stages):
        _check_temporal(config)


def _check_temporal(config: RunConfig) -> None:
    temporal, finetune = config.temporal, config.finetune
    _need_file("temporal.key-frame", temporal.key_frame)
    _check_latency(temporal.search)
    splits = (temporal.train_split or finetune.train_split, temporal.val_split or finetune.val_split)
    _check_posetrack(config, "temporal.root", temporal.root or finetune.root, splits)


def _check_latency(search: AllocationConfig) -> None:
    check_latency_bound(LATENCY_FIELD, search.max_latency_ms)
    if search.max_latency_ms is not None and search.sampler == "predictor":
        raise ConfigError(
            f"{LATENCY_FIELD} must be with a sampler that measures what it proposes, but temporal.search."
            "sampler predictor plans each batch among hundreds, which would all be measured. Give --temporal."
            "search.sampler prefix, evolution or another."
        )


def _check_posetrack(config: RunConfig, name: str, root: Path | None, splits: tuple[str, ...]) -> None:
    if root is not None:
        for split in splits:
            locate_posetrack(root, split)
    elif config.data.root is not None:
        raise ConfigError(
            f"{name} must be a folder in PoseTrack18's layout (images/, annotations/) where data.root is "
            f"given ({config.data.root}), but it is not given. Give --{name} FOLDER."
        )


def _need_file(name: str, path: Path | None) -> None:
    if path is not None and not path.is_file():
        raise ConfigError(f"{name} must be a file, but {path} is none")

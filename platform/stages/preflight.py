"""What can be known to fail before anything is written or started."""

from __future__ import annotations

from pathlib import Path

from platform.config.run import RunConfig
from platform.config.sections.bounds import fields_named
from platform.config.sections.search import AllocationConfig
from platform.config.stage_names import StageName
from platform.feasible.allocations import LATENCY_FIELD
from platform.stages.clip_lengths import check_clips
from platform.stages.first_weights_checks import check_first_weights
from platform.stages.needs import check_needs, check_order
from platform.terminal.errors import ConfigError
from platform.trials.warm_start import check_runs, has_warm_start_rows
from spaces.drawing import check_not_empty
from spaces.registry import build_space
from spaces.temporal.allocation import OPERATIONS
from spaces.temporal.allocation_space import AllocationSpace
from spaces.temporal.drawing import check_conceivable, check_on_average
from spaces.temporal.temporal_space import TemporalSpace
from workers.data.coco import locate
from workers.data.posetrack import locate_posetrack
from workers.data.skeleton import POSETRACK17
from workers.data.skeletons.file import read_skeleton
from workers.weights.safetensors import read_architecture

TEMPORAL_STAGES: frozenset[StageName] = frozenset({"temporal_train", "temporal_search", "temporal_retrain"})
WITHOUT_COCO: frozenset[StageName] = TEMPORAL_STAGES | {"spatial_finetune", "report"}


def check(config: RunConfig) -> None:
    """Raises what a stage would raise later: an unknown space, an empty constraint, missing data or files."""
    check_order(config.stages)
    space = build_space(config.space.name, input_hw=config.space.input_hw)
    with fields_named(config.search.section):
        check_not_empty(space, config.search.constraint)
    if config.data.root is not None and set(config.stages) - WITHOUT_COCO:
        for split in (config.data.train_split, config.data.val_split):
            locate(config.data.root, split)
    if config.data.skeleton is not None:
        read_skeleton(config.data.skeleton)
    if not has_warm_start_rows(config):
        check_runs("warm-start", config.warm_start)
    if "spatial_search" in config.stages:
        _need_file("search.detections", config.search.detections)
    if "spatial_retrain" in config.stages:
        _need_file("retrain.architecture", config.retrain.architecture)
    if "spatial_finetune" in config.stages:
        _need_network("finetune.weights", config.finetune.weights, config.space.input_hw)
        splits = (config.finetune.train_split, config.finetune.val_split)
        _check_posetrack(config, "finetune.root", config.finetune.root, splits)
    if TEMPORAL_STAGES & set(config.stages):
        _check_temporal(config)
    check_needs(config)
    check_first_weights(config)


def _check_temporal(config: RunConfig) -> None:
    temporal, finetune = config.temporal, config.finetune
    _need_network("temporal.key-frame", temporal.key_frame, config.space.input_hw)
    if "temporal_search" in config.stages:
        with fields_named(temporal.search.section):
            _check_average(config)
    _check_latency(temporal.search)
    splits = (temporal.train_split or finetune.train_split, temporal.val_split or finetune.val_split)
    _check_posetrack(config, "temporal.root", temporal.root or finetune.root, splits)
    check_clips(config, splits)


def _check_average(config: RunConfig) -> None:
    """The bounds below the key frame where it is given; otherwise what no key frame can keep."""
    temporal, joints = config.temporal, POSETRACK17.keypoints
    operations = OPERATIONS if temporal.fusion else ()
    if temporal.key_frame is None:
        spatial = build_space(config.space.name, joints, config.space.input_hw)
        check_conceivable(spatial, operations, temporal.frames, temporal.search.constraint)
    else:
        found, key_frame = read_architecture(temporal.key_frame)
        spatial = build_space(found.name, joints, found.input_hw)
        below = TemporalSpace(spatial, key_frame, operations)
        space = AllocationSpace(below, temporal.frames, temporal.shared)
        check_on_average(space, temporal.search.constraint)


def _check_latency(search: AllocationConfig) -> None:
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


def _need_network(name: str, path: Path | None, input_hw: tuple[int, int]) -> None:
    """A network's weights, for crops of the run's size."""
    _need_file(name, path)
    if path is None:
        return
    found, _ = read_architecture(path)
    if found.input_hw != input_hw:
        height, width = found.input_hw
        raise ConfigError(
            f"{name} must be a network for crops of space.input-hw {input_hw}, but {path} is for "
            f"{found.input_hw}. Give --space.input-hw {height} {width}."
        )

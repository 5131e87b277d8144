"""Files of first weights: what cannot be used is refused before anything is written or started."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import torch

from platform.config.first_weights import STAGE_OF, first_weights
from platform.config.run import RunConfig
from platform.config.stage_names import StageName
from platform.run.context import checkpoints_uri
from platform.run.folder import folder_of
from platform.terminal.errors import ConfigError
from spaces.first_weights import match_tensors
from spaces.registry import build_space
from spaces.temporal.temporal_space import TemporalSpace
from workers.errors import DataError
from workers.training.checkpoints import has_checkpoints
from workers.weights.allocation import load_allocation
from workers.weights.architecture_file import read_architecture_file
from workers.weights.given import check_fits_somewhere, check_some, read_given
from workers.weights.safetensors import read_architecture
from workers.weights.temporal_supernet import TrainedTemporal, load_temporal_supernet


def check_first_weights(config: RunConfig) -> None:
    """ConfigError or DataError where a file that a training is to begin with cannot be used.

    What has begun needs its file no more.
    """
    if config.retrain.init is not None and config.retrain.start == "slice":
        raise ConfigError(
            "retrain.init gives first weights in place of new ones, but retrain.start is slice, which takes "
            "those of the run's supernet. Give --retrain.start scratch, or leave --retrain.init out."
        )
    for name, path in first_weights(config).items():
        if _has_begun(config, STAGE_OF[name]):
            continue
        if not path.is_file():
            raise ConfigError(f"{name} must be a file, but {path} is none")
        try:
            CHECKS[name](config, path)
        except DataError as error:
            raise DataError(f"{name}: {error}") from error


def _has_begun(config: RunConfig, stage: StageName) -> bool:
    folder = folder_of(config)
    made = {
        "spatial_train": folder.supernet, "spatial_retrain": folder.network,
        "temporal_train": folder.temporal_supernet, "temporal_retrain": folder.retrained_networks,
    }  # fmt: skip
    if made[stage].exists():
        return True
    return folder.environment.exists() and has_checkpoints(checkpoints_uri(config, folder, stage))


def _check_supernet(config: RunConfig, path: Path) -> None:
    space = build_space(config.space.name, input_hw=config.space.input_hw)
    check_fits_somewhere(read_given(path, space), space)


def _check_network(config: RunConfig, path: Path) -> None:
    """Against the architecture where it is known already."""
    space = build_space(config.space.name, input_hw=config.space.input_hw)
    given = read_given(path, space)
    check_fits_somewhere(given, space)
    chosen = config.retrain.architecture or folder_of(config).best
    if not chosen.is_file():
        return
    architecture = read_architecture_file(chosen)
    space.check(architecture)
    with torch.device("meta"):
        own = build_space(space.name, given.keypoints, space.input_hw).network(architecture).state_dict()
    check_some(match_tensors(own, given.for_network(architecture, space.input_hw)), path, architecture.key)


def _check_temporal(config: RunConfig, path: Path) -> None:
    """Against the key frame where it is given."""
    given = load_temporal_supernet(path)
    _check_space(config, path, given.space.spatial.name)
    if config.temporal.key_frame is not None:
        _check_below(config.temporal.key_frame, given, path)


def _check_below(key_frame: Path, given: TrainedTemporal, path: Path) -> None:
    found, architecture = read_architecture(key_frame)
    spatial = build_space(found.name, len(given.joints), found.input_hw)
    with torch.device("meta"):
        own = TemporalSpace(spatial, architecture, given.space.operations).supernet().state_dict()
    fitting = match_tensors(own, given.weights, leading=True)
    check_some(fitting, path, f"a T supernet below {architecture.key}")


def _check_allocation(config: RunConfig, path: Path) -> None:
    _check_space(config, path, load_allocation(path).key_frame.architecture.space)


def _check_space(config: RunConfig, path: Path, theirs: str) -> None:
    key_frame = config.temporal.key_frame
    ours = config.space.name if key_frame is None else read_architecture(key_frame)[0].name
    if theirs != ours:
        raise DataError(f"{path} must hold networks of space {ours!r}, but they are of {theirs!r}")


CHECKS: Mapping[str, Callable[[RunConfig, Path], None]] = {
    "train.init": _check_supernet,
    "retrain.init": _check_network,
    "temporal.init": _check_temporal,
    "temporal.retrain.init": _check_allocation,
}

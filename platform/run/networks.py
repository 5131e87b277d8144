"""The networks in a run's folder that predict."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import final

from platform.run.folder import RunFolder
from platform.terminal.errors import ConfigError
from workers.video.networks import VideoNetworks
from workers.weights.allocation import load_allocation
from workers.weights.key_frame import read_key_frame
from workers.weights.safetensors import read_joints


@final
@dataclass(frozen=True, slots=True)
class FoundNetworks:
    """A run's networks and what they cost."""

    networks: VideoNetworks
    gmacs: float  # of one person and frame, key frames included
    source: Path


def find_networks(folder: RunFolder) -> FoundNetworks:
    """The allocation's, or S-ViPNet alone; ConfigError where the run has neither."""
    if folder.video_networks.exists():
        trained = load_allocation(folder.video_networks)
        return FoundNetworks(VideoNetworks.of(trained), trained.cost.gmacs, folder.video_networks)
    path = folder.single_network
    if path is not None:
        key = read_key_frame(path, read_joints(path))
        return FoundNetworks(VideoNetworks.of_key_frames(key), key.spatial.cost(key.architecture).gmacs, path)
    raise ConfigError(
        f"{folder.path} must be a run with {folder.allocation_networks.name}, {folder.finetuned.name} or "
        f"{folder.network.name}, but it has none of them. Run its stage temporal_search, or spatial_retrain."
    )

"""What trainings over clips need in tests: synthetic clips of three frames, and a key frame's network."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import torch

from spaces.initialise import initialise
from spaces.registry import build_space
from spaces.temporal.allocation import Allocation, FrameChoice, Fusion
from workers.data.clips import Clips, training_clips
from workers.data.skeleton import POSETRACK17
from workers.data.tracks import read_tracks
from workers.weights.allocation import TrainedAllocation
from workers.weights.key_frame import KeyFrame

INPUT_HW = (64, 32)
FRAMES = 3  # T + 1
SPACE = build_space("mobilenetv3-small", len(POSETRACK17.names), INPUT_HW)


def read_clips(root: Path, frames: int = FRAMES) -> Clips:
    return training_clips(read_tracks(root / "posetrack18", "train"), frames)


@lru_cache
def key_frame(sigma: float = 0.1) -> KeyFrame:
    """Random weights, with statistics of BatchNorm under which the heatmaps depend on the image."""
    network = initialise(SPACE.network(SPACE.biggest()), seed=1, sigma=sigma).train()
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.momentum = 1.0
    with torch.no_grad():
        network(torch.randn(16, 3, *INPUT_HW, generator=torch.Generator().manual_seed(0)))
    weights = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    weights["final.weight"] *= 0.1  # heatmaps about as large as trained ones
    return KeyFrame(
        architecture=SPACE.biggest(), input_hw=INPUT_HW, joints=POSETRACK17.names, weights=weights
    )


def some_allocation(sigma: float = 0.1) -> TrainedAllocation:
    """Two frames, random weights: the smallest CNN with Cat behind its last stage, the biggest with Add."""
    temporal = key_frame().temporal()
    frames = (FrameChoice(SPACE.smallest(), Fusion(4, "cat")), FrameChoice(SPACE.biggest(), Fusion(1, "add")))
    networks = (
        initialise(temporal.network(each), seed=place, sigma=sigma) for place, each in enumerate(frames)
    )
    return TrainedAllocation(
        key_frame=key_frame(), allocation=Allocation(temporal.name, frames),
        weights=tuple(network.state_dict() for network in networks),
    )  # fmt: skip

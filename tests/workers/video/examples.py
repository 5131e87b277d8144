"""Wild T-ViPNets, whose outputs depend on images and heatmaps, and the tracks of a synthetic data set."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from spaces.initialise import initialise
from spaces.registry import build_space
from spaces.temporal.allocation import Allocation
from spaces.temporal.allocation_space import AllocationSpace
from spaces.temporal.temporal_space import TemporalSpace
from workers.data.skeleton import POSETRACK17
from workers.data.tracks import Tracks, read_tracks
from workers.evaluation.crops import prepare_crops
from workers.evaluation.recalibrate import recalibrate
from workers.weights.allocation import TrainedAllocation
from workers.weights.key_frame import KeyFrame

INPUT_HW = (64, 32)
SIGMA = 0.2


def tracks_of(root: Path) -> Tracks:
    return read_tracks(root / "posetrack18", "val")


def wild(tracks: Tracks, frames: int, seed: int = 0) -> TrainedAllocation:
    """A random allocation with random weights; S's normalisation fits the people, so that maps differ."""
    spatial = build_space("mobilenetv3-small", 17, INPUT_HW)
    temporal = TemporalSpace(spatial, spatial.biggest())
    allocation: Allocation = AllocationSpace(temporal, frames).sample(np.random.default_rng(seed))
    key_net = initialise(spatial.network(spatial.biggest()), seed=seed, sigma=SIGMA)
    key_frame = KeyFrame(
        architecture=spatial.biggest(), input_hw=INPUT_HW, joints=POSETRACK17.names,
        weights=recalibrate(key_net, prepare_crops(tracks.people, INPUT_HW).images, 16).state_dict(),
    )  # fmt: skip
    plain = [
        initialise(temporal.network(choice), seed=seed + place, sigma=SIGMA)
        for place, choice in enumerate(allocation.frames, start=1)
    ]
    weights = tuple(network.state_dict() for network in plain)
    return TrainedAllocation(key_frame=key_frame, allocation=allocation, weights=weights)

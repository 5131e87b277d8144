"""Scores the trained networks of an allocation as the joint search scores slices, and gives their weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import numpy as np
import torch
from torch import Tensor

from workers.data.clips import Clips
from workers.data.codec import Codec
from workers.evaluation.propagate import predict_heatmaps, recalibrate_on
from workers.search.evaluation_clips import predict_key_frames_with, prepare_evaluation_clips
from workers.weights.allocation import TrainedAllocation


@final
@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AllocationScoring:
    """The clips to score an allocation on; whoever scores cuts them out of their images itself."""

    clips: Clips  # disjoint_clips of T + 1 frames
    recalibration: Clips  # training_clips of as many, over which BatchNorm statistics are pooled
    codec: Codec
    batch_size: int  # clips


@final
@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ScoredAllocation:
    """PoseTrack18's AP in [0, 1], and the weights with the recalibrated statistics of BatchNorm."""

    frame_aps: tuple[float, ...]  # the key frame's, then each frame's
    ap_all: float  # of all frames' people, key frames included
    weights: tuple[dict[str, Tensor], ...]  # of each frame's network behind the key frame

    @property
    def ap(self) -> float:
        """The mean over the T frames, which is equation 3's sum in [0, 1]."""
        return float(np.mean(self.frame_aps[1:]))


def score_allocation(trained: TrainedAllocation, scoring: AllocationScoring) -> ScoredAllocation:
    """Scores an allocation's networks, on the GPU that this process was given, if any.

    Raises TrainingError where a network's output is not finite.
    """
    device = "cuda" if torch.cuda.is_available() else "cpu"
    clips = prepare_evaluation_clips(scoring.clips, scoring.recalibration, scoring.codec, scoring.batch_size)
    known = predict_key_frames_with(trained.key_frame.network().to(device), clips)
    networks = [network.to(device) for network in trained.frame_networks()]
    poses, heatmaps, recalibration = list(known.poses), known.heatmaps, known.recalibration
    for frame, network in enumerate(networks, start=1):
        is_last = frame == len(networks)
        of_training = recalibrate_on(
            network, clips.recalibration.frames[frame].images, recalibration, clips.batch_size,
            propagate=not is_last,
        )  # fmt: skip
        images = clips.crops.frames[frame].images
        heatmaps = predict_heatmaps(network, images, heatmaps, clips.batch_size)
        poses.append(clips.poses(frame, heatmaps))
        recalibration = recalibration if of_training is None else of_training
    weights = ({name: each.cpu() for name, each in net.state_dict().items()} for net in networks)
    return ScoredAllocation(
        frame_aps=tuple(each.ap for each in poses), ap_all=clips.ap_of_all(poses), weights=tuple(weights)
    )

"""The training of the T supernet: the spatial one's loop over clips, with heatmaps passed on."""

from __future__ import annotations

from functools import partial

import torch
from torch import Tensor

from spaces.temporal.allocation import Allocation, Operation
from spaces.temporal.allocation_space import AllocationSpace
from spaces.temporal.from_spatial import start_from_spatial
from workers.data.clips import Clips
from workers.training.config import SpatialTask
from workers.training.feed import Inputs
from workers.training.loop import TrainingLoop
from workers.training.precision import compute_dtype, computing_in
from workers.training.propagation import by_frame, clip_sandwich_at, propagate
from workers.training.ranks import Ranks
from workers.training.sandwich import Sandwich, sandwich_backward
from workers.training.training_set import clip_set
from workers.weights.key_frame import KeyFrame


class PropagationTraining(TrainingLoop):
    """Trains all T-ViPNets below `key_frame` over clips of T + 1 frames (equations 1 and 2).

    The key frame's network is fixed and in eval mode, BatchNorm included; its heatmaps are worked out once a
    batch. Gradients are those of the sum over the frames, as in equation 1; losses are reported as the mean
    over them, which can be compared with a spatial training's. `operations` is empty where no heatmaps are
    passed on (figure 6a's control). Raises ArchitectureError where the weights are not the key frame's.
    """

    weights_name = "temporal_supernet"

    def __init__(
        self,
        task: SpatialTask,
        clips: Clips,
        key_frame: KeyFrame,
        operations: tuple[Operation, ...],
        ranks: Ranks,
    ) -> None:
        self.start = key_frame
        self.space = AllocationSpace(key_frame.temporal(operations), clips.frames - 1)
        supernet = self.space.temporal.supernet()
        start_from_spatial(self.space.temporal, supernet, key_frame.weights, task.seed, task.train.init_sigma)
        super().__init__(task, clip_set(task, clips), ranks, supernet)
        network = key_frame.network().to(self.device)
        self.key_frame = computing_in(compute_dtype(task.train.precision, self.device), network, self.device)

    @property
    def sandwich(self) -> Sandwich[Allocation]:
        """Whom the step `step` trains, on every worker."""
        return clip_sandwich_at(self.space, self.task.seed, self.step, self.task.train.random_subnets)

    def backward(self, inputs: Inputs, scale: float) -> Tensor:
        parted = by_frame(inputs.images, self.data.frames)
        first, *frames = (each.contiguous(memory_format=torch.channels_last) for each in parted)
        with torch.no_grad():
            heatmaps = self.key_frame(first)
        return sandwich_backward(
            partial(propagate, self.forward, heatmaps),
            self.sandwich,
            frames,
            torch.cat(by_frame(inputs.target, self.data.frames)[1:]),
            torch.cat(by_frame(inputs.weight, self.data.frames)[1:]),
            truth_weight=self.task.train.truth_weight,
            soft_weight=self.task.train.soft_weight,
            scale=scale * self.space.frames,  # the mean over the frames times T is their sum
        )

    def trained(self) -> str:
        random = "".join(f", random {drawn.key}" for drawn in self.sandwich.random)
        return f"biggest {self.sandwich.biggest.key}, smallest {self.sandwich.smallest.key}{random}"

"""The training of the T supernet: the spatial one's loop over clips, with heatmaps passed on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import final

from torch import Tensor

from spaces.temporal.allocation import Allocation, Operation
from spaces.temporal.allocation_space import AllocationSpace
from spaces.temporal.from_spatial import start_from_spatial
from workers.data.clips import Clips
from workers.training.config import SpatialTask
from workers.training.loops.feed import DeviceBatch
from workers.training.loops.propagation import clip_sandwich_at, propagate
from workers.training.loops.sandwich import Sandwich, sandwich_backward
from workers.training.parallel.ranks import Ranks
from workers.training.tasks.clips import ClipTraining
from workers.weights.key_frame import KeyFrame


@final
class PropagationTraining(ClipTraining):
    """Trains all T-ViPNets below `key_frame` over clips of T + 1 frames (equations 1 and 2).

    Gradients are those of the sum over the frames, as in equation 1; losses are reported as the mean over
    them, which can be compared with a spatial training's. `operations` is empty where no heatmaps are passed
    on. Raises ArchitectureError where the weights are not the key frame's.
    """

    weights_name = "temporal_supernet"

    def __init__(
        self,
        task: SpatialTask,
        clips: Clips,
        key_frame: KeyFrame,
        operations: tuple[Operation, ...],
        ranks: Ranks,
        weights: Mapping[str, Tensor] | None = None,
    ) -> None:
        """`weights` is the supernet's whole state to begin with; by default it follows from the key frame."""
        self.space = AllocationSpace(key_frame.temporal(operations), clips.frames - 1)
        supernet = self.space.temporal.supernet()
        start_from_spatial(self.space.temporal, supernet, key_frame.weights, task.seed, task.train.init_sigma)
        if weights is not None:
            supernet.load_state_dict(dict(weights))
        super().__init__(task, clips, key_frame, ranks, supernet)

    @property
    def sandwich(self) -> Sandwich[Allocation]:
        """Whom the step `step` trains, on every worker."""
        return clip_sandwich_at(self.space, self.task.seed, self.step, self.task.train.random_subnets)

    def backward(self, inputs: DeviceBatch, scale: float) -> Tensor:
        batch = self.clip_batch(inputs)
        return sandwich_backward(
            lambda frames, allocation: propagate(self.forward, batch.key_heatmaps, frames, allocation.frames),
            self.sandwich,
            batch.frames,
            batch.target,
            batch.weight,
            truth_weight=self.task.train.truth_weight,
            soft_weight=self.task.train.soft_weight,
            scale=scale * self.space.frames,  # the mean over the frames times T is their sum
        )

    def trained(self) -> str:
        random = "".join(f", random {drawn.key}" for drawn in self.sandwich.random)
        return f"biggest {self.sandwich.biggest.key}, smallest {self.sandwich.smallest.key}{random}"

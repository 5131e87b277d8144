"""The training of a spatial supernet: the sandwich step in the loop."""

from __future__ import annotations

from collections.abc import Mapping
from typing import final

from torch import Tensor

from spaces.architecture import Architecture
from spaces.initialise import initialise
from spaces.registry import build_space
from workers.data.people import People
from workers.training.config import SpatialTask
from workers.training.loops.feed import DeviceBatch
from workers.training.loops.loop import TrainingLoop
from workers.training.loops.sandwich import Sandwich, sandwich_at, sandwich_backward
from workers.training.loops.training_set import people_set
from workers.training.parallel.ranks import Ranks


@final
class SupernetTraining(TrainingLoop):
    """Trains the supernet of `task.space` from its first weights, or from where `load` puts it."""

    weights_name = "supernet"

    def __init__(
        self, task: SpatialTask, people: People, ranks: Ranks, weights: Mapping[str, Tensor] | None = None
    ) -> None:
        """`weights` is the supernet's whole state to begin with; by default it follows from the seed."""
        self.space = build_space(task.space, people.skeleton.keypoints, task.input_hw)
        supernet = initialise(self.space.supernet(), task.seed, task.train.init_sigma)
        if weights is not None:
            supernet.load_state_dict(dict(weights))
        super().__init__(task, people_set(task, people), ranks, supernet)
        self.supernet = self.network

    @property
    def sandwich(self) -> Sandwich[Architecture]:
        """Whom the step `step` trains, on every worker."""
        return sandwich_at(self.space, self.task.seed, self.step, self.task.train.random_subnets)

    def backward(self, inputs: DeviceBatch, scale: float) -> Tensor:
        return sandwich_backward(
            self.forward,
            self.sandwich,
            inputs.images,
            inputs.target,
            inputs.weight,
            truth_weight=self.task.train.truth_weight,
            soft_weight=self.task.train.soft_weight,
            scale=scale,
        )

    def trained(self) -> str:
        random = "".join(f", random {drawn.key}" for drawn in self.sandwich.random)
        return f"biggest {self.sandwich.biggest.key}, smallest {self.sandwich.smallest.key}{random}"

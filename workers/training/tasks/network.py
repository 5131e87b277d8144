"""The training of one network alone: the same loop and recipe as a supernet's, one pass a step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor

from spaces.architecture import Architecture
from spaces.extract import extract
from spaces.initialise import initialise
from spaces.registry import build_space
from spaces.space import SearchSpace
from workers.data.people import People
from workers.training.config import SpatialTask
from workers.training.loops.feed import DeviceBatch
from workers.training.loops.loop import TrainingLoop
from workers.training.loops.loss import heatmap_loss
from workers.training.loops.training_set import people_set
from workers.training.parallel.ranks import Ranks


@final
@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Start:
    """Which network is trained, and from which weights."""

    architecture: Architecture
    weights: Mapping[str, Tensor] | None = None
    """The network's own; without them it starts from the task's seed, as supernets do."""


@final
class NetworkTraining(TrainingLoop):
    """Trains the plain network of one architecture; `random_subnets` and soft labels play no part.

    A step reports the network's one loss as that of biggest, smallest and random subnets alike.
    """

    weights_name = "network"

    def __init__(self, task: SpatialTask, people: People, start: Start, ranks: Ranks) -> None:
        self.architecture = start.architecture
        space = build_space(task.space, people.skeleton.keypoints, task.input_hw)
        network = initialise(space.network(start.architecture), task.seed, task.train.init_sigma)
        if start.weights is not None:
            network.load_state_dict(dict(start.weights))
        super().__init__(task, people_set(task, people), ranks, network)

    def backward(self, inputs: DeviceBatch, scale: float) -> Tensor:
        loss = heatmap_loss(self.forward(inputs.images), inputs.target, inputs.weight)
        (loss * scale).backward()
        return loss.detach().expand(3)

    def trained(self) -> str:
        return self.architecture.key


def slice_of(
    space: SearchSpace, supernet_weights: Mapping[str, Tensor], architecture: Architecture
) -> dict[str, Tensor]:
    """The network's weights as the trained supernet shares them.

    BatchNorm's running statistics are not among what a supernet learns; training or recalibration sets them.
    """
    supernet = space.supernet()
    supernet.load_state_dict(dict(supernet_weights))
    weights: dict[str, Tensor] = extract(space, supernet, architecture).state_dict()
    return {name: torch.clone(tensor) for name, tensor in weights.items()}

"""The sandwich rule with in-place distillation [60, 61]: one step trains the whole range of subnets."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar, final

import torch
from jaxtyping import Float
from torch import Tensor

from spaces.architecture import Architecture
from spaces.space import SearchSpace
from spaces.streams import Stream, generator
from workers.training.loops.loss import heatmap_loss

C = TypeVar("C")  # a subnet: an architecture, or an allocation over the frames of a clip
X = TypeVar("X")  # what subnets look at


@final
@dataclass(frozen=True, slots=True)
class Sandwich(Generic[C]):
    """Whom one step trains, in this order: the biggest teaches the others."""

    biggest: C
    smallest: C
    random: tuple[C, ...]


def sandwich_at(space: SearchSpace, seed: int, step: int, random_subnets: int) -> Sandwich[Architecture]:
    """A function of seed and step alone, so all ranks and every resumed run draw the same."""
    rng = generator(Stream.SANDWICH, seed, step)
    drawn = tuple(space.sample(rng) for _ in range(random_subnets))
    return Sandwich(space.biggest(), space.smallest(), drawn)


def sandwich_backward(
    supernet: Callable[[X, C], Tensor],
    sandwich: Sandwich[C],
    images: X,
    target: Float[Tensor, "B K h w"],
    weight: Float[Tensor, "B K"],
    *,
    truth_weight: float = 0.5,
    soft_weight: float = 0.5,
    scale: float = 1.0,
) -> Float[Tensor, " losses"]:
    """Adds the gradients of biggest, smallest and random subnets, each times `scale`, to the supernet's.

    The biggest learns from the ground truth; its heatmaps, cut from the graph, are the soft labels of the
    others, which learn from both (paper, sections 3.4.1 and 3.4.2). Returns the mean losses of biggest,
    smallest and random subnets, the last averaged over these (the smallest's where there are none).
    """
    taught = supernet(images, sandwich.biggest)
    biggest = heatmap_loss(taught, target, weight)
    (biggest * scale).backward()
    soft = taught.detach()

    def student(subnet: C) -> Tensor:
        predicted = supernet(images, subnet)
        loss = truth_weight * heatmap_loss(predicted, target, weight)
        loss = loss + soft_weight * heatmap_loss(predicted, soft, weight)
        (loss * scale).backward()
        return loss.detach()

    smallest = student(sandwich.smallest)
    random = [student(subnet) for subnet in sandwich.random] or [smallest]
    return torch.stack([biggest.detach(), smallest, torch.stack(random).mean()])

"""Propagation in training (section 3.4.2): who trains over a clip, and what passes from frame to frame."""

# Shapes: B clips, T frames after the key frame, K joints, H/W input pixels, h/w heatmap cells.
from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from spaces.architecture import Architecture
from spaces.streams import Stream, generator
from spaces.temporal.allocation import Allocation, FrameChoice
from spaces.temporal.allocation_space import AllocationSpace
from workers.training.loops.sandwich import Sandwich

C = TypeVar("C")  # what a frame's network is chosen by


def clip_sandwich_at(
    space: AllocationSpace, seed: int, step: int, random_subnets: int
) -> Sandwich[Allocation]:
    """A function of seed and step alone, so all ranks and every resumed run draw the same.

    The biggest and the smallest have that CNN in every frame "while the temporal-level search spaces are
    randomly sampled": each of the two draws a fusion of its own for each of its frames, since the paper's
    temporal space is that of T fusions. Random ones draw CNN and fusion for each frame.
    """
    rng = generator(Stream.CLIP_SANDWICH, seed, step)
    cnn = space.temporal.cnn
    biggest, smallest = (_fused(space, each, rng) for each in (cnn.biggest(), cnn.smallest()))
    return Sandwich(biggest, smallest, tuple(space.sample(rng) for _ in range(random_subnets)))


def _fused(space: AllocationSpace, architecture: Architecture, rng: np.random.Generator) -> Allocation:
    """The architecture in every frame, with any fusions."""
    return space.assemble(
        [FrameChoice(architecture, space.temporal.sample_fusion(rng)) for _ in range(space.drawn)]
    )


def propagate(
    network: Callable[[Tensor, Tensor, C], Tensor],
    key_heatmaps: Float[Tensor, "B K h w"],
    frames: Sequence[Float[Tensor, "B 3 H W"]],
    choices: Sequence[C],
) -> Float[Tensor, "TB K h w"]:
    """Equation 2: the heatmaps of frame 1, then of frame 2 and so on, each made with those before it.

    Nothing is cut from the graph, so a frame's loss also trains the frames that led to it (figure 3).
    """
    heatmaps, passed = key_heatmaps, []
    for images, choice in zip(frames, choices, strict=True):
        heatmaps = network(images, heatmaps, choice)
        passed.append(heatmaps)
    return torch.cat(passed)


def by_frame(clips: Tensor, frames: int) -> list[Tensor]:
    """A batch that has clip after clip, (B * frames, ...), as one batch (B, ...) for each frame."""
    return [clips[frame::frames] for frame in range(frames)]

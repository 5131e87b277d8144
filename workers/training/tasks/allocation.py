"""The training of a found allocation alone: the same loop over clips, every frame's network by itself."""

# Shapes: B clips, K joints, H/W input pixels, h/w heatmap cells.
from collections.abc import Sequence
from typing import final

from jaxtyping import Float
from torch import Tensor, nn

from workers.data.clips import Clips
from workers.training.config import SpatialTask
from workers.training.loops.feed import DeviceBatch
from workers.training.loops.loss import heatmap_loss
from workers.training.loops.propagation import propagate
from workers.training.parallel.ranks import Ranks
from workers.training.tasks.clips import ClipTraining
from workers.weights.allocation import TrainedAllocation


@final
class FrameNetworks(nn.Module):
    """The plain networks of a clip's frames; which one is an argument, 0 for that behind the key frame."""

    def __init__(self, networks: Sequence[nn.Module]) -> None:
        super().__init__()
        self.frames = nn.ModuleList(networks)

    def forward(
        self, images: Float[Tensor, "B 3 H W"], heatmaps: Float[Tensor, "B K h w"], frame: int
    ) -> Float[Tensor, "B K h w"]:
        passed: Tensor = self.frames[frame](images, heatmaps)
        return passed


@final
class AllocationTraining(ClipTraining):
    """Trains T networks that share no weights any more, from those of `start`; S stays fixed.

    All learn from the ground truth alone, by the sum over the frames (equation 1), with gradients through
    time. A step reports the mean loss over the frames as that of biggest, smallest and random subnets alike.
    """

    weights_name = "allocation"

    def __init__(self, task: SpatialTask, clips: Clips, start: TrainedAllocation, ranks: Ranks) -> None:
        self.allocation = start.allocation
        networks = FrameNetworks(start.frame_networks())
        super().__init__(task, clips, start.key_frame, ranks, networks)

    def backward(self, inputs: DeviceBatch, scale: float) -> Tensor:
        batch = self.clip_batch(inputs)
        numbers = range(len(self.allocation.frames))
        passed = propagate(self.forward, batch.key_heatmaps, batch.frames, numbers)
        loss = heatmap_loss(passed, batch.target, batch.weight)
        (loss * scale * len(numbers)).backward()  # the mean over the frames times T is their sum
        return loss.detach().expand(3)

    def trained(self) -> str:
        return self.allocation.key


def weights_by_frame(state: dict[str, Tensor], frames: int) -> tuple[dict[str, Tensor], ...]:
    """A FrameNetworks' state_dict as one of each frame's network."""
    prefixes = [f"frames.{frame}." for frame in range(frames)]
    return tuple(
        {name.removeprefix(prefix): each for name, each in state.items() if name.startswith(prefix)}
        for prefix in prefixes
    )

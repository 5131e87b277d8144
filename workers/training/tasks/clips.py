"""What trainings over clips share: the key frame's fixed network, and batches parted into frames."""

# Shapes: B clips, T frames after the key frame, K joints, H/W input pixels, h/w heatmap cells.
from dataclasses import dataclass
from typing import final

import torch
from jaxtyping import Float
from torch import Tensor, nn

from workers.data.clips import Clips
from workers.training.config import SpatialTask
from workers.training.loops.feed import DeviceBatch
from workers.training.loops.loop import TrainingLoop
from workers.training.loops.propagation import by_frame
from workers.training.loops.training_set import clip_set
from workers.training.parallel.ranks import Ranks
from workers.training.precision import compute_dtype, computing_in
from workers.weights.key_frame import KeyFrame


@final
@dataclass(frozen=True, slots=True)
class ClipBatch:
    """Clips frame by frame; targets and weights are those of frame 1, then of frame 2 and so on."""

    key_heatmaps: Float[Tensor, "B K h w"]  # S-ViPNet's, of the key frames
    frames: list[Float[Tensor, "B 3 H W"]]
    target: Float[Tensor, "TB K h w"]
    weight: Float[Tensor, "TB K"]


class ClipTraining(TrainingLoop):
    """Trains `network` over clips of T + 1 frames, of which S-ViPNet sees the first.

    S is fixed and in eval mode, BatchNorm included; its heatmaps are worked out once a batch.
    """

    def __init__(
        self, task: SpatialTask, clips: Clips, start: KeyFrame, ranks: Ranks, network: nn.Module
    ) -> None:
        super().__init__(task, clip_set(task, clips), ranks, network)
        self.start = start
        fixed = start.network().to(self.device)
        self.key_frame = computing_in(compute_dtype(task.train.precision, self.device), fixed, self.device)

    def clip_batch(self, inputs: DeviceBatch) -> ClipBatch:
        frames = self.data.frames
        parted = by_frame(inputs.images, frames)
        first, *others = (each.contiguous(memory_format=torch.channels_last) for each in parted)
        with torch.no_grad():
            heatmaps = self.key_frame(first)
        target, weight = (torch.cat(by_frame(each, frames)[1:]) for each in (inputs.target, inputs.weight))
        return ClipBatch(heatmaps, others, target, weight)

"""The plain networks that follow people through a video: one for key frames, T for the frames behind one."""

# Shapes: N people, K joints, H/W input pixels, h/w heatmap cells.
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import numpy as np
from torch import nn

from workers.data.codec import Codec
from workers.data.skeleton import Skeleton, skeleton_from_names
from workers.evaluation.fold import fold_norms
from workers.evaluation.inputs import for_evaluation
from workers.evaluation.propagate import heatmaps_as_it_is
from workers.weights.allocation import TrainedAllocation
from workers.weights.key_frame import KeyFrame


@final
@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class VideoNetworks:
    """S-ViPNet for key frames, a T-ViPNet for each frame behind one (section 3.1).

    Without `frames` every frame is a key frame: S-ViPNet alone, as on images. The networks are taken over:
    in eval mode, without gradients, BatchNorm folded away for good.
    """

    key_frame: nn.Module  # forward(images) -> heatmaps
    frames: tuple[nn.Module, ...]  # forward(images, heatmaps of the frame before) -> heatmaps
    input_hw: tuple[int, int]
    joints: tuple[str, ...]  # of the heatmaps, in order

    @classmethod
    def of(cls, trained: TrainedAllocation) -> VideoNetworks:
        """A found allocation's. Raises ArchitectureError where a frame is none of its space."""
        return cls._behind(trained.key_frame, trained.frame_networks())

    @classmethod
    def of_key_frames(cls, key_frame: KeyFrame) -> VideoNetworks:
        """S-ViPNet alone."""
        return cls._behind(key_frame, [])

    @classmethod
    def _behind(cls, key_frame: KeyFrame, frames: Sequence[nn.Module]) -> VideoNetworks:
        return cls(
            key_frame=key_frame.network(), frames=tuple(frames), input_hw=key_frame.input_hw,
            joints=key_frame.joints,
        )  # fmt: skip

    def __post_init__(self) -> None:
        for network in (self.key_frame, *self.frames):
            fold_norms(for_evaluation(network).requires_grad_(False))

    @property
    def period(self) -> int:
        """T + 1: frames from one key frame to the next."""
        return len(self.frames) + 1

    @property
    def skeleton(self) -> Skeleton:
        return skeleton_from_names(self.joints)

    @property
    def codec(self) -> Codec:
        """The codec that decodes heatmaps, which does not depend on the Gaussians' width."""
        return Codec(self.input_hw)

    def heatmaps(
        self, place: int, images: np.ndarray, before: np.ndarray | None, batch_size: int
    ) -> np.ndarray:
        """(N, K, h, w) float32 of crops (N, H, W, 3) uint8, `place` frames behind their key frame.

        `before` holds the heatmaps of the frame before (N, K, h, w); of a key frame it is not looked at.
        Raises TrainingError when heatmaps are not finite.
        """
        if place == 0:
            return heatmaps_as_it_is(self.key_frame, images, None, batch_size)
        return heatmaps_as_it_is(self.frames[place - 1], images, before, batch_size)

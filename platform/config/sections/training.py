"""Networks that are trained alone: the chosen subnet, on PoseTrack18, and the found allocation."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Literal, final

from annotated_types import Ge, Gt

from workers.training.config import TrainConfig


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class RetrainConfig:
    """Stage spatial_retrain: one subnet trained alone, by the recipe of `train`."""

    architecture: Path | None = None
    """File with an architecture's JSON; by default the best of the run's search is trained."""
    start: Literal["scratch", "slice"] = "scratch"
    """First weights: new ones, or those of the subnet's slice of the run's supernet."""
    init: Path | None = None
    """File whose weights take the place of new ones, by name, where their shape is the subnet's: one network,
    ours (.safetensors) or in MMPose's names (.pth), or a supernet, of which the subnet's slice is taken."""
    epochs: Annotated[int, Ge(1)] | None = None
    """Passes over the people; by default the recipe's. With another number its drops come in proportion."""

    def recipe(self, train: TrainConfig) -> TrainConfig:
        """The recipe of a subnet that is trained alone."""
        epochs = self.epochs or train.epochs
        drops = tuple(drop * epochs // train.epochs for drop in train.drop_epochs)
        return replace(train, epochs=epochs, drop_epochs=drops, validate_every_epochs=0, init=None)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class FinetuneConfig:
    """Stage spatial_finetune: a trained network on PoseTrack18's frames and joints (paper, section 4.2)."""

    root: Path | None = None
    """Folder in PoseTrack18's layout (images/, annotations/); synthetic data has one."""
    train_split: str = "train"
    """A file for each sequence is in annotations/SPLIT."""
    val_split: str = "val"
    """The split to score on, likewise."""
    weights: Path | None = None
    """The network, a .safetensors file; by default what spatial_retrain left in the run's folder. A released
    checkpoint becomes such a file by `python -m platform.export`."""
    epochs: Annotated[int, Ge(1)] = 20
    """Passes over the frames' people."""
    learning_rate: Annotated[float, Gt(0)] = 1e-4
    """Adam's; batch size, augmentation and all else are the recipe's in `train`."""
    drop_epochs: tuple[Annotated[int, Ge(0)], ...] = (10, 15)
    """Epochs at which the rate is multiplied with train.drop-factor."""

    def recipe(self, train: TrainConfig) -> TrainConfig:
        """The recipe of a network on PoseTrack18."""
        return replace(
            train, epochs=self.epochs, learning_rate=self.learning_rate, drop_epochs=self.drop_epochs,
            decay="steps", warmup_steps=0, validate_every_epochs=0, init=None,
        )  # fmt: skip


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class AllocationRetrainConfig:
    """Stage temporal_retrain: the found T networks, each with weights of its own, from the T supernet's."""

    epochs: Annotated[int, Ge(1)] = 20
    """Passes over the training clips."""
    learning_rate: Annotated[float, Gt(0)] = 1e-3
    """Adam's, down to zero along half a cosine; batches and all else are those of temporal_train."""
    init: Path | None = None
    """An allocation's networks (allocation_retrained.safetensors of a run): those of frame n begin the found
    network of frame n, by name, where the shape is the same. By default all begin as the search had them."""

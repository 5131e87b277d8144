"""The temporal level: T networks below a key frame's."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, final

from annotated_types import Ge, Gt

from platform.config.sections.search import AllocationConfig
from platform.config.sections.training import AllocationRetrainConfig
from workers.training.config import TrainConfig


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class TemporalConfig:
    """The temporal level: T-ViPNets trained together (section 3.4.2), then allocated to frames (3.4.3)."""

    root: Path | None = None
    """Folder in PoseTrack18's layout; by default finetune.root."""
    train_split: str | None = None
    """Split to train on; by default finetune.train-split."""
    val_split: str | None = None
    """Split to score on; by default finetune.val-split."""
    key_frame: Path | None = None
    """S-ViPNet's weights, .safetensors; by default what spatial_finetune left, else spatial_retrain."""
    trained_frames: Annotated[int, Ge(1)] = 3
    """T in training: frames after a key frame over which heatmaps are passed on."""
    clip_step: Annotated[int, Ge(1)] = 1
    """A training clip begins at every so many frames of a person's track."""
    epochs: Annotated[int, Ge(1)] = 60
    """Passes over the training clips."""
    batch_clips: Annotated[int, Ge(1)] = 16
    """Clips of T + 1 frames in a training step; the workers share them."""
    learning_rate: Annotated[float, Gt(0)] = 1e-3
    """Adam's, down to zero along half a cosine; all else is the recipe's in `train`."""
    init: Path | None = None
    """A run's T supernet (temporal_supernet.safetensors) whose weights this one begins with, by name, as its
    leading channels where they are fewer. By default, and where none fits, it begins with the key frame's."""
    validate_every_epochs: Annotated[int, Ge(0)] = 0
    """How often the biggest, the smallest and one fixed random allocation are scored; 0 is never."""
    fusion: bool = True
    """Whether frames see the heatmaps of the one before, in all that is trained or retrained."""
    shared: bool = False
    """One choice for all frames in the search: Figure 6b's control."""
    frames: Annotated[int, Ge(1)] = 3
    """T in the search; it need not be that of the training."""
    search: AllocationConfig = field(default_factory=AllocationConfig)
    """The search itself."""
    retrain: AllocationRetrainConfig = field(default_factory=AllocationRetrainConfig)
    """Training of the found networks behind it."""

    def recipe(self, train: TrainConfig) -> TrainConfig:
        """The recipe of the T supernet."""
        return replace(
            train, epochs=self.epochs, learning_rate=self.learning_rate, batch_size=self.batch_clips,
            decay="cosine", validate_every_epochs=self.validate_every_epochs, init=None,
        )  # fmt: skip

    def recipe_alone(self, train: TrainConfig) -> TrainConfig:
        """The recipe of the found networks, trained without the others."""
        rate, epochs = self.retrain.learning_rate, self.retrain.epochs
        return replace(self.recipe(train), epochs=epochs, learning_rate=rate, validate_every_epochs=0)

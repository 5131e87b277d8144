"""What a supernet training is told: plain values that travel to every worker."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from workers.data.batches.augment import Augmentation
from workers.errors import TrainingError
from workers.training.precision import Precision


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainConfig:
    """The training recipe (paper, sections 3.4.1 and 4.2); the defaults are the paper's."""

    epochs: int = 250
    """Passes over the training people."""
    batch_size: int = 64
    """Images of a step over all workers, which share them."""
    learning_rate: float = 1e-3
    """Adam's learning rate after the warm-up."""
    warmup_steps: int = 500
    """Steps over which the learning rate rises from zero."""
    decay: Literal["steps", "cosine"] = "steps"
    """How the learning rate falls: at the drops, or along half a cosine to zero."""
    drop_epochs: tuple[int, ...] = (200, 230)
    """Epochs at which the learning rate is multiplied with drop_factor, for decay "steps"."""
    drop_factor: float = 0.1
    """Factor of the learning rate at each drop."""
    random_subnets: int = 2
    """N of the sandwich rule, besides the biggest and the smallest."""
    truth_weight: float = 0.5
    """Weight of the ground truth in the loss of every subnet but the biggest, which sees it alone."""
    soft_weight: float = 0.5
    """Weight of the biggest subnet's heatmaps, as soft labels: in-place distillation."""
    init_sigma: float = 0.001
    """Standard deviation of the initial weights."""
    sync_norm: bool = True
    """BatchNorm normalises by the global batch, or (False) each worker by its own part of it."""
    precision: Precision = "auto"
    """Numbers of activations; "auto" is bfloat16 on GPUs that have it, else float32."""
    max_grad_norm: float | None = None
    """Longer gradients (L2 norm over all weights, after all subnets) are shortened to it."""
    max_skipped_steps: int = 10
    """Steps in a row, their loss or gradient not finite, that end the training."""
    augmentation: Augmentation = field(default_factory=Augmentation)
    checkpoint_every_epochs: int = 1
    """Epochs between checkpoints; the last one is always written."""
    keep_checkpoints: int = 2
    """The last so many stay on disk, and the best: by validation AP, else by loss."""
    memory_mib: int = 2048
    """Decoded images kept per worker; beyond it they are decoded again."""
    validate_every_epochs: int = 0
    """How often the biggest, the smallest and one fixed random subnet are scored; 0 is never."""
    checkpoint_every_steps: int = 200
    """Counted over all epochs, besides their ends: a killed training loses at most so many."""
    crop_cache: bool = False
    """Keep every person's decoded pixels in a file in the data folder, some 220 kB each at 256x192."""
    loader_processes: int = 0
    """Processes that make each worker's batches; 0 is a thread in the worker, enough to feed a CPU."""

    def __post_init__(self) -> None:
        for name in (
            "epochs", "batch_size", "checkpoint_every_epochs", "checkpoint_every_steps", "keep_checkpoints",
            "max_skipped_steps",
        ):  # fmt: skip
            if getattr(self, name) < 1:
                raise TrainingError(f"train.{name} must be at least 1, but it is {getattr(self, name)}")
        if self.learning_rate <= 0:
            raise TrainingError(f"train.learning_rate must be positive, but it is {self.learning_rate}")
        if self.max_grad_norm is not None and self.max_grad_norm <= 0:
            raise TrainingError(f"train.max_grad_norm must be positive, but it is {self.max_grad_norm}")
        for name in ("random_subnets", "validate_every_epochs", "loader_processes"):
            if getattr(self, name) < 0:
                raise TrainingError(f"train.{name} must not be negative, but it is {getattr(self, name)}")


@dataclass(frozen=True, slots=True, kw_only=True)
class SpatialTask:
    """Which supernet to train and how; with the people, enough for a worker to start from nothing."""

    space: str
    input_hw: tuple[int, int]
    sigma_cells: float
    seed: int
    train: TrainConfig

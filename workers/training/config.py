"""What a supernet training is told: plain values that travel to every worker."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal, final

from annotated_types import Ge, Gt

from spaces.bounds import check_bounds
from workers.data.batches.augment import Augmentation

Precision = Literal["auto", "float32", "bfloat16"]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class TrainConfig:
    """The training recipe (paper, sections 3.4.1 and 4.2); the defaults are the paper's."""

    epochs: Annotated[int, Ge(1)] = 250
    """Passes over the training people."""
    batch_size: Annotated[int, Ge(1)] = 64
    """Images of a step over all workers, which share them."""
    learning_rate: Annotated[float, Gt(0)] = 1e-3
    """Adam's learning rate after the warm-up."""
    warmup_steps: Annotated[int, Ge(0)] = 500
    """Steps over which the learning rate rises from zero."""
    decay: Literal["steps", "cosine"] = "steps"
    """How the learning rate falls: at the drops, or along half a cosine to zero."""
    drop_epochs: tuple[Annotated[int, Ge(0)], ...] = (200, 230)
    """Epochs at which the learning rate is multiplied with drop_factor, for decay "steps"."""
    drop_factor: Annotated[float, Gt(0)] = 0.1
    """Factor of the learning rate at each drop."""
    random_subnets: Annotated[int, Ge(0)] = 2
    """N of the sandwich rule, besides the biggest and the smallest."""
    truth_weight: Annotated[float, Ge(0)] = 0.5
    """Weight of the ground truth in the loss of every subnet but the biggest, which sees it alone."""
    soft_weight: Annotated[float, Ge(0)] = 0.5
    """Weight of the biggest subnet's heatmaps, as soft labels: in-place distillation."""
    init_sigma: Annotated[float, Gt(0)] = 0.001
    """Standard deviation of the initial weights."""
    sync_norm: bool = True
    """BatchNorm normalises by the global batch, or (False) each worker by its own part of it."""
    precision: Precision = "auto"
    """Numbers of activations; "auto" is bfloat16 on GPUs that have it, else float32."""
    max_grad_norm: Annotated[float, Gt(0)] | None = None
    """Longer gradients (L2 norm over all weights, after all subnets) are shortened to it."""
    max_skipped_steps: Annotated[int, Ge(1)] = 10
    """Steps in a row, their loss or gradient not finite, that end the training."""
    augmentation: Augmentation = field(default_factory=Augmentation)
    checkpoint_every_epochs: Annotated[int, Ge(1)] = 1
    """Epochs between checkpoints; the last one is always written."""
    keep_checkpoints: Annotated[int, Ge(1)] = 2
    """The last so many stay on disk, and the best: by validation AP, else by loss."""
    memory_mib: Annotated[int, Ge(0)] = 2048
    """Decoded images kept per worker; beyond it they are decoded again."""
    validate_every_epochs: Annotated[int, Ge(0)] = 0
    """How often the biggest, the smallest and one fixed random subnet are scored; 0 is never."""
    checkpoint_every_steps: Annotated[int, Ge(1)] = 200
    """Counted over all epochs, besides their ends: a killed training loses at most so many."""
    crop_cache: bool = False
    """Keep every person's decoded pixels in a file in the data folder, some 220 kB each at 256x192."""
    loader_processes: Annotated[int, Ge(0)] = 0
    """Processes that make each worker's batches; 0 is a thread in the worker, enough to feed a CPU."""
    init: Path | None = None
    """File whose weights the supernet begins with, by name, as far as they fit: a run's supernet of the same
    space, or one network, ours (.safetensors) or in MMPose's names (.pth), as its leading channels."""

    def __post_init__(self) -> None:
        check_bounds(self)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class SpatialTask:
    """Which supernet to train and how; with the people, enough for a worker to start from nothing."""

    space: str
    input_hw: tuple[int, int]
    sigma_cells: float
    seed: int
    train: TrainConfig

"""The learning rate as a function of the step."""

from __future__ import annotations

import math

from workers.training.config import TrainConfig


def learning_rate(config: TrainConfig, step: int, steps_per_epoch: int) -> float:
    """Linear warm-up, then drops at whole epochs or half a cosine down to zero."""
    warm = min(1.0, (step + 1) / config.warmup_steps) if config.warmup_steps else 1.0
    if config.decay == "cosine":
        progress = step / (config.epochs * steps_per_epoch)
        return config.learning_rate * warm * 0.5 * (1 + math.cos(math.pi * progress))
    dropped = sum(step // steps_per_epoch >= epoch for epoch in config.drop_epochs)
    return config.learning_rate * warm * config.drop_factor**dropped

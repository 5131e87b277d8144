"""What can be known to fail before anything is written or started."""

from __future__ import annotations

from platform.config import RunConfig
from spaces.registry import build_space
from workers.data.coco import locate


def check(config: RunConfig) -> None:
    """Raises what a stage would raise later: an unknown space, an empty constraint, missing data."""
    space = build_space(config.space.name, input_hw=config.space.input_hw)
    config.search.constraint.check(space)
    if config.data.root is not None:
        for split in (config.data.train_split, config.data.val_split):
            locate(config.data.root, split)

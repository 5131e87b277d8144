"""Where a run's data lie."""

from __future__ import annotations

import hashlib
from pathlib import Path

from platform.config.run import RunConfig
from workers.data.made.dataset import MadeConfig

MADE_POSETRACK = "posetrack18"  # folder in a made data set


def data_root(config: RunConfig) -> Path:
    """The given data set, or where this seed's made one lies: runs with equal data share it."""
    return config.data.root or config.storage / "data" / made_name(config.data.made)


def made_name(config: MadeConfig) -> str:
    """A folder name that tells made data sets apart."""
    digest = hashlib.sha256(repr(config).encode()).hexdigest()[:8]
    return f"made-{config.clips}x{config.frames_per_clip}x{config.people_per_clip}-{digest}"

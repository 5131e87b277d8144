"""Places of a run's data."""

from __future__ import annotations

import hashlib
from pathlib import Path

from platform.config.run import RunConfig
from workers.data.synthetic.config import SyntheticConfig

SYNTHETIC_POSETRACK = "posetrack18"  # folder in a synthetic data set


def data_root(config: RunConfig) -> Path:
    """The given data set, or where this seed's synthetic one lies: runs with equal data share it."""
    return config.data.root or config.storage / "data" / synthetic_name(config.data.made)


def synthetic_name(config: SyntheticConfig) -> str:
    """A folder name that tells synthetic data sets apart."""
    fields = repr(config).removeprefix(type(config).__name__)
    digest = hashlib.sha256(f"MadeConfig{fields}".encode()).hexdigest()[:8]  # a word of the folders' names
    return f"made-{config.clips}x{config.frames_per_clip}x{config.people_per_clip}-{digest}"

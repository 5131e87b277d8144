"""Files whose weights trainings of a run begin with: which field gives them, and to which stage."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from operator import attrgetter
from pathlib import Path

from platform.config.run import RunConfig
from platform.config.stage_names import StageName

STAGE_OF: Mapping[str, StageName] = {  # by the field's dotted name
    "train.init": "spatial_train",
    "retrain.init": "spatial_retrain",
    "temporal.init": "temporal_train",
    "temporal.retrain.init": "temporal_retrain",
}


def first_weights(config: RunConfig) -> dict[str, Path]:
    """The files that are given, by their fields' dotted names."""
    given = {name: attrgetter(name)(config) for name in STAGE_OF}
    return {name: path for name, path in given.items() if path is not None}


def first_weights_sha256(config: RunConfig) -> dict[str, str | None]:
    """SHA-256 of each file's content, by field; None where the file is not there (any more)."""
    return {name: _sha256(path) for name, path in first_weights(config).items()}


def _sha256(path: Path) -> str | None:
    if not path.is_file():
        return None
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

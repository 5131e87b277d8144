"""An architecture in a file that a person names."""

from __future__ import annotations

import json
from pathlib import Path

from spaces.architecture import Architecture
from spaces.errors import ArchitectureError
from workers.data.annotations.opening import load_value
from workers.errors import DataError

_ADVICE = "Give a file with an architecture's JSON, or a search's best.json."


def read_architecture_file(path: Path) -> Architecture:
    """What an architecture's JSON says, or a summary (best.json) that holds it as a text.

    Raises DataError naming the file. Whether the architecture lies in its space is for the caller to check.
    """
    if path.exists() and not path.is_file():
        raise DataError(f"{path} must be a file with an architecture, but it is no plain file. {_ADVICE}")
    value = load_value(path, _ADVICE)
    inner = value.get("architecture", value) if isinstance(value, dict) else value
    try:
        return Architecture.from_json(inner if isinstance(inner, str) else json.dumps(inner))
    except ArchitectureError as error:
        raise DataError(f"{path}: {error}. {_ADVICE}") from error

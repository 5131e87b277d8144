"""An architecture by its name or file, as a person gives it."""

from __future__ import annotations

from pathlib import Path

from platform.terminal.errors import UsageError
from spaces.architecture import Architecture
from spaces.published import PUBLISHED, find_published
from spaces.registry import build_space
from workers.weights.architecture_file import read_architecture_file


def find_architecture(name: str) -> Architecture:
    """A published network's architecture, or one that a JSON file holds and that lies in its space."""
    if name in PUBLISHED:
        return find_published(name)[1]
    if not Path(name).is_file():
        raise UsageError(
            f"--architecture must be a published network ({', '.join(PUBLISHED)}) or a file with an "
            f"architecture's JSON, but {name!r} is neither"
        )
    architecture = read_architecture_file(Path(name))
    build_space(architecture.space).check(architecture)
    return architecture

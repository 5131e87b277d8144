"""The architecture in a file: its JSON, or a summary such as best.json that holds it."""

from __future__ import annotations

import json
from pathlib import Path

from spaces.architecture import Architecture


def read_architecture_file(path: Path) -> Architecture:
    """Raises ArchitectureError where the file holds none."""
    return Architecture.from_json(_architecture_json(path.read_text(errors="replace")))


def _architecture_json(text: str) -> str:
    """The file is an architecture's JSON, or a summary (best.json) that holds it as a field."""
    try:
        value = json.loads(text)
    except ValueError:
        return text  # Architecture says what is wrong with it
    return str(value["architecture"]) if isinstance(value, dict) and "architecture" in value else text

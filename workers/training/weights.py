"""Supernet weights at rest: safetensors with what they belong to in the metadata."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from workers.errors import DataError


def save_weights(path: Path, weights: Mapping[str, Tensor], metadata: Mapping[str, str]) -> None:
    """Writes by temporary name and renames, so a file that exists is whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}.part")
    save_file({name: tensor.contiguous() for name, tensor in weights.items()}, draft, dict(metadata))
    draft.replace(path)


def load_weights(path: Path, expected: Mapping[str, str]) -> dict[str, Tensor]:
    """The weights, if their metadata agrees with `expected`; otherwise DataError naming both values."""
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            weights = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a mapping
    except (OSError, SafetensorError) as error:
        raise DataError(f"{path} must be readable safetensors weights, but: {error}") from error
    for name, value in expected.items():
        if metadata.get(name) != value:
            raise DataError(
                f"{path} holds weights of {name} {metadata.get(name)!r}, but {value!r} is needed. "
                f"Give the file that belongs to {value!r}."
            )
    return weights

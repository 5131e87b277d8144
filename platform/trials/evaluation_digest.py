"""What a subnet's score depends on beside the subnet, as one short text: equal texts, comparable scores."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from workers.weights.safetensors import load_weights

DIGITS = 16


def evaluation_digest(weights: Path, annotations: list[Path], settings: Mapping[str, Any]) -> str:
    """Digest of tensors, annotation files and settings.

    Not of the tensors' file: safetensors leaves the order of its metadata to chance.
    """
    digest = hashlib.sha256(json.dumps(settings, sort_keys=True).encode())
    for name, tensor in sorted(load_weights(weights, {}).items()):
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        digest.update(tensor.contiguous().numpy().tobytes())
    for path in annotations:
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:DIGITS]

"""What training costs: images per second, waiting for data, memory."""

from __future__ import annotations

import resource
import sys
from typing import final

import torch


@final
class Meter:
    """Adds up steps; what happens between them (checkpoints, validation) is not counted."""

    def __init__(self) -> None:
        self._images, self._busy_s, self._wait_s = 0, 0.0, 0.0

    def add(self, images: int, took_s: float, waited_s: float) -> None:
        """One step over `images` took `took_s`, of which `waited_s` for its batch."""
        self._images += images
        self._busy_s += took_s
        self._wait_s += waited_s

    @property
    def images_per_s(self) -> float:
        return self._images / self._busy_s

    @property
    def data_wait_share(self) -> float:
        return self._wait_s / self._busy_s


def peak_memory_mib(device: torch.device) -> float:
    """The most this process has held so far: of the GPU's memory on one, else resident in the machine's."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device) / 2**20
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 2**20 if sys.platform == "darwin" else peak / 2**10  # bytes there, KiB elsewhere

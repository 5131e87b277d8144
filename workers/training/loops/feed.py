"""Batches as tensors on their way to the device."""

# Shapes: B batch, K joints, H/W input pixels, h/w heatmap cells.
from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass
from typing import final

import numpy as np
import torch
from torch import Tensor

from workers.data.batches.prefetch import Prefetched
from workers.data.batches.training_set import Batch
from workers.data.normalise import to_input


@final
@dataclass(frozen=True, slots=True, eq=False)
class DeviceBatch:
    """One worker's part of a global batch."""

    images: Tensor  # (B, 3, H, W) float32 channels_last; before it is moved, bytes (B, H, W, 3)
    target: Tensor  # (B, K, h, w) float32
    weight: Tensor  # (B, K) float32
    share: float  # B over the global batch


@final
class Feed:
    """Iterates one epoch's batches as `DeviceBatch` on the device; a `with` block ends the threads behind it.

    For a GPU a second thread copies them to page-locked memory, from where they travel without the host.
    """

    def __init__(self, batches: Prefetched[Batch], device: torch.device) -> None:
        self._batches, self._device = batches, device
        gpu = device.type == "cuda"
        self._tensors = _tensors(batches, page_locked=gpu)
        self._ahead = Prefetched(self._tensors) if gpu else None

    @property
    def wait_s(self) -> float:
        """Time the consumer has waited for batches."""
        return (self._ahead or self._batches).wait_s

    def __iter__(self) -> Iterator[DeviceBatch]:
        for item in self._ahead or self._tensors:
            yield DeviceBatch(
                to_input(item.images, self._device),
                item.target.to(self._device, non_blocking=True),
                item.weight.to(self._device, non_blocking=True),
                item.share,
            )

    def __enter__(self) -> Feed:
        return self

    def __exit__(self, *_: object) -> None:
        (self._ahead or self._tensors).close()
        self._batches.close()


def _tensors(batches: Prefetched[Batch], page_locked: bool) -> Generator[DeviceBatch, None, None]:
    def tensor(values: np.ndarray) -> Tensor:
        made = torch.from_numpy(values)
        return made.pin_memory() if page_locked else made

    with batches:
        for batch in batches:
            yield DeviceBatch(tensor(batch.images), tensor(batch.targets), tensor(batch.weights), batch.share)

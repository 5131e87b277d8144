"""What the workers of a training do together: reduce all gradients once a step, average figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor, distributed

CPU = torch.device("cpu")


@final
@dataclass(frozen=True, slots=True)
class Ranks:
    """A worker's place among `world_size` workers; alone, nothing is communicated."""

    rank: int = 0
    world_size: int = 1
    device: torch.device = CPU  # where messages must lie: NCCL takes none from the CPU

    def average(self, tensors: Sequence[Tensor]) -> None:
        """Puts the mean over the workers in place of every tensor's own values, all in one message.

        A sandwich step runs several backward passes; reducing once at its end costs a fraction of what
        DistributedDataParallel's reduction per pass would. Every rank trains the same architectures, so
        all ranks have gradients for the same parameters. All ranks end with the same bits.
        """
        if self.world_size == 1:
            return
        message = self.sum(torch.cat([tensor.flatten() for tensor in tensors])).div_(self.world_size)
        parts = message.split([tensor.numel() for tensor in tensors])
        for tensor, part in zip(tensors, parts, strict=True):
            tensor.copy_(part.view_as(tensor))

    def sum(self, values: Tensor) -> Tensor:
        """The sum over the workers, in place of `values`, which must lie on `device`."""
        if self.world_size > 1:
            distributed.all_reduce(values)
        return values

    def mean(self, *figures: float) -> list[float]:
        """The mean of each figure over the workers."""
        values = torch.tensor(figures, dtype=torch.float64, device=self.device)
        means: list[float] = self.sum(values).div_(self.world_size).tolist()
        return means

"""What the workers of a training do together: reduce all gradients once a step, average figures."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor, distributed, nn

CPU = torch.device("cpu")


@dataclass(frozen=True, slots=True)
class Ranks:
    """This worker's place among `world_size`; alone, nothing is communicated."""

    rank: int = 0
    world_size: int = 1
    device: torch.device = CPU  # where messages must lie: NCCL takes none from the CPU

    def mean_gradients(self, parameters: Iterable[nn.Parameter]) -> None:
        """Averages the gradients over the workers, all of them in one message.

        A sandwich step runs several backward passes; reducing once at its end costs a fraction of what
        DistributedDataParallel's reduction per pass would. Every rank trains the same architectures, so
        all ranks have gradients for the same parameters.
        """
        if self.world_size > 1:
            self._mean_in_place([p.grad for p in parameters if p.grad is not None])

    def mean(self, *figures: float) -> list[float]:
        """The mean of each figure over the workers."""
        if self.world_size == 1:
            return list(figures)
        values = torch.tensor(figures, dtype=torch.float64, device=self.device)
        distributed.all_reduce(values)
        return (values / self.world_size).tolist()

    def _mean_in_place(self, tensors: list[Tensor]) -> None:
        message = torch.cat([tensor.flatten() for tensor in tensors])
        distributed.all_reduce(message)
        message /= self.world_size
        parts = message.split([tensor.numel() for tensor in tensors])
        for tensor, part in zip(tensors, parts, strict=True):
            tensor.copy_(part.view_as(tensor))

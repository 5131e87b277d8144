"""BatchNorm over however many channels arrive."""

from collections.abc import Callable
from typing import final

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from spaces.layers.slicing import leading

BATCH_NORM_EPS = 1e-5

Normalise = Callable[[Tensor, Tensor, Tensor], Tensor]
"""From x (B, C, H, W), scale (C,) and shift (C,) to the normalised x, by statistics of a batch."""


def normalise_by_batch(
    x: Float[Tensor, "B C H W"], weight: Float[Tensor, " C"], bias: Float[Tensor, " C"]
) -> Float[Tensor, "B C H W"]:
    """BatchNorm by the statistics of the batch that arrived, x, whatever other processes hold."""
    return F.batch_norm(x, None, None, weight, bias, training=True, eps=BATCH_NORM_EPS)


@final
class ElasticBatchNorm2d(nn.Module):
    """Shared scale and shift; in training it normalises by the batch alone.

    A supernet's running statistics mean nothing (every architecture has its own), so training does not touch
    them: they only hold what an extracted network starts from before its own recalibration.
    """

    running_mean: Tensor
    running_var: Tensor

    def __init__(self, widest: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(widest))
        self.bias = nn.Parameter(torch.zeros(widest))
        self.register_buffer("running_mean", torch.zeros(widest))
        self.register_buffer("running_var", torch.ones(widest))
        self.normalise: Normalise = normalise_by_batch
        """What training normalises with; who trains on several machines sets one that pools their batches."""

    def forward(self, x: Float[Tensor, "B C H W"]) -> Float[Tensor, "B C H W"]:
        width = x.shape[1]
        weight, bias = leading(self.weight, width), leading(self.bias, width)
        if self.training:
            return self.normalise(x, weight, bias)
        return F.batch_norm(
            x, self.running_mean[:width], self.running_var[:width], weight, bias, eps=BATCH_NORM_EPS
        )

"""BatchNorm whose batch is that of all workers: differentiable, one message forward and one backward.

PyTorch's SyncBatchNorm runs on CUDA alone; this runs wherever the workers can reduce a tensor.
"""
# Shapes: B batch of this worker, C channels.

from dataclasses import dataclass
from typing import Any, final

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from spaces.layers.norm import BATCH_NORM_EPS, ElasticBatchNorm2d
from workers.training.parallel.ranks import Ranks

_BACKWARD = torch.ops.aten.native_batch_norm_backward


def use_global_batch(network: nn.Module, ranks: Ranks) -> None:
    """Makes every BatchNorm of `network`, elastic or plain, train by the batch of all `ranks`.

    Shares of the batch may be unequal, never empty. Plain ones keep running statistics of the global batch.
    A lone worker's network stays as it is.
    """
    if ranks.world_size == 1:
        return
    for module in list(network.modules()):
        if isinstance(module, ElasticBatchNorm2d):
            module.normalise = GlobalNormalise(ranks)
        for name, child in module.named_children():
            if type(child) is nn.BatchNorm2d:
                setattr(module, name, _GlobalBatchNorm2d(child, ranks))


@final
@dataclass(frozen=True, slots=True)
class GlobalNormalise:
    """What an elastic BatchNorm is handed."""

    ranks: Ranks

    def __call__(
        self, x: Float[Tensor, "B C H W"], weight: Float[Tensor, " C"], bias: Float[Tensor, " C"]
    ) -> Float[Tensor, "B C H W"]:
        mean, variance, count = global_moments(x, self.ranks, weight.dtype)
        return _Normalise.apply(x, weight, bias, mean, variance, count, self.ranks)


def global_moments(
    x: Float[Tensor, "B C H W"], ranks: Ranks, dtype: torch.dtype
) -> tuple[Tensor, Tensor, Tensor]:
    """Mean and biased variance (C,) over the pixels of all workers, and how many pixels () that are.

    All in `dtype`, that of the weights, as x may be coarser. Counts, means and means of squares travel in
    float64, so that little is lost to cancellation.
    """
    width = x.shape[1]
    unused = x.new_zeros(2, width, dtype=dtype)  # running statistics; their type is that of the moments
    mean, variance = torch.batch_norm_update_stats(x.detach(), unused[0], unused[1], 0.0)
    mean, variance = mean.double(), variance.double()
    moments = torch.cat([mean.new_ones(1), mean, variance + mean.square()])
    moments *= x.numel() // width
    count, totals, squares = ranks.sum(moments).split([1, width, width])
    mean = totals / count
    variance = (squares / count - mean.square()).clamp_(min=0)
    return mean.to(dtype), variance.to(dtype), count[0].to(dtype)


@final
class _Normalise(torch.autograd.Function):
    """Normalises by given moments; backward, they count as what they are: functions of all workers' x."""

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, weight: Tensor, bias: Tensor,
        mean: Tensor, variance: Tensor, count: Tensor, ranks: Ranks,
    ) -> Tensor:  # fmt: skip
        ctx.save_for_backward(x, weight, mean, variance, count)
        ctx.ranks = ranks
        return F.batch_norm(x, mean, variance, weight, bias, eps=BATCH_NORM_EPS)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Any:
        """dx = w / s * (dy - mean(dy) - xhat * mean(dy * xhat)), the means over all workers [Ioffe 2015].

        Scale's and shift's own gradients are this worker's share; the step's reduction adds the others'.
        """
        x, weight, mean, variance, count = ctx.saved_tensors
        (of_y,) = gradients
        _, of_weight, of_bias = _BACKWARD(
            of_y, x, weight, mean, variance, None, None, False, BATCH_NORM_EPS, [False, True, True]
        )
        slope = weight * (variance + BATCH_NORM_EPS).rsqrt()
        through = ctx.ranks.sum(torch.stack([of_weight, of_bias])) * (-slope / count)
        of_x = F.batch_norm(x, mean, variance, through[0], through[1], eps=BATCH_NORM_EPS)
        of_x.addcmul_(of_y, slope[:, None, None])
        return of_x, of_weight, of_bias, None, None, None, None


@final
class _GlobalBatchNorm2d(nn.BatchNorm2d):
    """Takes the place of a plain one, with the same parameters, buffers and names."""

    def __init__(self, plain: nn.BatchNorm2d, ranks: Ranks) -> None:
        super().__init__(plain.num_features, plain.eps, plain.momentum)
        self.weight, self.bias = plain.weight, plain.bias
        self.running_mean, self.running_var = plain.running_mean, plain.running_var
        self.num_batches_tracked = plain.num_batches_tracked
        self.train(plain.training)
        self.ranks = ranks

    def forward(self, x: Float[Tensor, "B C H W"]) -> Float[Tensor, "B C H W"]:
        if not self.training:
            return super().forward(x)
        mean, variance, count = global_moments(x, self.ranks, self.weight.dtype)
        self._track(mean, variance * count / (count - 1))
        return _Normalise.apply(x, self.weight, self.bias, mean, variance, count, self.ranks)

    @torch.no_grad()
    def _track(self, mean: Tensor, variance: Tensor) -> None:
        assert self.running_mean is not None
        assert self.running_var is not None
        assert self.num_batches_tracked is not None
        self.num_batches_tracked += 1
        momentum = 1 / self.num_batches_tracked if self.momentum is None else self.momentum
        self.running_mean.lerp_(mean, momentum)
        self.running_var.lerp_(variance, momentum)

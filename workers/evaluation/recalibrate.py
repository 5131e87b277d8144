"""BatchNorm statistics of one subnet, pooled over a fixed set of images (design section 4, BatchNorm).

Averaging the variances of batches would lose the variance between batches, so mean and E[x^2] are pooled.
"""

# Shapes: N images, H/W input pixels, B batch, C channels.
from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from typing import final

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from workers.errors import DataError, TrainingError
from workers.evaluation.crops import Images
from workers.evaluation.inputs import for_evaluation, network_input


@final
class Moments:
    """Mean and E[x^2] of each channel over all that was added; the order and the batches do not matter."""

    def __init__(self) -> None:
        self.count = 0
        self.total = torch.zeros(())
        self.squares = torch.zeros(())

    @classmethod
    def of(cls, x: Tensor) -> Moments:
        """Moments of activations (B, C) or (B, C, ...).

        Each image is centred in float32 before squaring and pooled in float64: as quick as the normalisation
        itself, and free of the cancellation that squaring uncentred values in float32 would bring.
        """
        x = x[..., None] if x.ndim == 2 else x
        places = tuple(range(2, x.ndim))
        mean = x.mean(places, keepdim=True)
        variance = (x - mean).square_().mean(places).double()
        mean = mean.flatten(1).double()
        pixels = x[0, 0].numel()
        moments = cls()
        moments.count = len(x) * pixels
        moments.total = mean.sum(0) * pixels
        moments.squares = (variance + mean.square()).sum(0) * pixels
        return moments

    def merge(self, other: Moments) -> None:
        """Adds what `other` has seen."""
        self.count += other.count
        self.total = self.total + other.total
        self.squares = self.squares + other.squares

    def compute(self) -> tuple[Tensor, Tensor]:
        """Mean and variance E[x^2] - mean^2, (C,) float64 each."""
        mean = self.total / self.count
        return mean, (self.squares / self.count - mean.square()).clamp(min=0)


def recalibrate(network: nn.Module, images: Images, batch_size: int) -> nn.Module:
    """Sets every BatchNorm's running statistics to those of `images` (N, H, W, 3) uint8; returns the network.

    On the way BatchNorm normalises by its batch, as in training; all else is in eval mode, as the network is
    afterwards. Momenta are not touched, and what the statistics held before has no influence. Batches differ
    by at most one image, so that no small remainder normalises the layers behind by itself.
    Raises DataError without images and TrainingError when activations are not finite.
    """
    if not len(images):
        raise DataError(
            "BatchNorm recalibration needs at least one image, got none. "
            "Raise the number of recalibration images, or use a split with labelled people."
        )
    for_evaluation(network)
    with statistics_of_inputs(network), torch.inference_mode():
        for rows in even_batches(len(images), batch_size):
            network(network_input(network, images[rows]))
    return network


@contextmanager
def statistics_of_inputs(network: nn.Module) -> Iterator[None]:
    """Sets each BatchNorm's running statistics to those of all that goes through it while open.

    While open it normalises by its batch, in eval mode. So where everything is one batch, the outputs are
    already those of the recalibrated network, bit by bit. Raises TrainingError when activations are not
    finite.
    """
    with _normalising_by_batch(network) as pooled:
        yield
    for name, norm in _norms(network):
        if norm in pooled:  # otherwise the forward pass does not reach it
            with torch.inference_mode():
                _set_statistics(norm, pooled[norm])
            _check_finite(name, norm)


def even_batches(count: int, size: int) -> Iterator[slice]:
    """Rows of at most `size`, in batches that differ by at most one."""
    ends = np.linspace(0, count, -(-count // size) + 1).astype(int)
    return (slice(*of) for of in pairwise(ends.tolist()))


@contextmanager
def _normalising_by_batch(network: nn.Module) -> Iterator[dict[nn.Module, Moments]]:
    """While open, each BatchNorm's statistics are those of what enters it; all that enters is pooled.

    In eval mode with statistics from `Moments`, because training mode would compute them a second time, and
    less exactly: its float32 sums are off by 1e-5.
    """
    pooled: dict[nn.Module, Moments] = defaultdict(Moments)

    def take(norm: nn.Module, inputs: tuple[Tensor]) -> None:
        of_batch = Moments.of(inputs[0])
        pooled[norm].merge(of_batch)
        _set_statistics(norm, of_batch)

    hooks = [norm.register_forward_pre_hook(take) for _, norm in _norms(network)]
    try:
        yield pooled
    finally:
        for hook in hooks:
            hook.remove()


def _norms(network: nn.Module) -> Iterator[tuple[str, nn.Module]]:
    for name, module in network.named_modules():
        if isinstance(module, _BatchNorm) and module.track_running_stats:
            yield name, module


def _set_statistics(norm: nn.Module, moments: Moments) -> None:
    mean, variance = moments.compute()
    norm.get_buffer("running_mean").copy_(mean)
    norm.get_buffer("running_var").copy_(variance)


def _check_finite(name: str, norm: nn.Module) -> None:
    if not all(bool(buffer.isfinite().all()) for buffer in norm.buffers()):
        raise TrainingError(
            f"what enters BatchNorm {name!r} must be finite, got NaN or infinity. "
            "The weights have diverged: train again with a smaller learning rate."
        )

"""BatchNorm statistics of one subnet, pooled over a fixed set of images (design section 4, BatchNorm).

Averaging the variances of batches would lose the variance between batches, so mean and E[x^2] are pooled.
"""
# Shapes: N images, H/W input pixels, B batch, C channels.
from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from workers.errors import DataError, TrainingError
from workers.evaluation.inputs import for_evaluation, network_input


class Moments:
    """Mean and E[x^2] of each channel over all that was added; the order and the batches do not matter."""

    def __init__(self) -> None:
        self.count = 0
        self.total = torch.zeros(())
        self.squares = torch.zeros(())

    def add(self, x: Tensor) -> None:
        """Adds activations (B, C) or (B, C, ...).

        Each image is centred in float32 before squaring and pooled in float64: as quick as the normalisation
        itself, and free of the cancellation that squaring uncentred values in float32 would bring.
        """
        x = x[..., None] if x.ndim == 2 else x
        places = tuple(range(2, x.ndim))
        mean = x.mean(places, keepdim=True)
        variance = (x - mean).square_().mean(places).double()
        mean = mean.flatten(1).double()
        pixels = x[0, 0].numel()
        self.count += len(x) * pixels
        self.total = self.total + mean.sum(0) * pixels
        self.squares = self.squares + (variance + mean.square()).sum(0) * pixels

    def compute(self) -> tuple[Tensor, Tensor]:
        """Mean and variance E[x^2] - mean^2, (C,) float64 each."""
        mean = self.total / self.count
        return mean, (self.squares / self.count - mean.square()).clamp(min=0)


def recalibrate(network: nn.Module, images: np.ndarray, batch_size: int) -> nn.Module:
    """Sets every BatchNorm's running statistics to those of `images` (N, H, W, 3) uint8; returns the network.

    Only BatchNorm is in training mode on the way, normalising by its batch; afterwards all is in eval mode
    and momenta are as they were. What the statistics held before has no influence. Batches differ by at most
    one image, so that no small remainder normalises the layers behind by itself.
    Raises DataError without images and TrainingError when activations are not finite.
    """
    if not len(images):
        raise DataError("BatchNorm recalibration needs at least one image, got none. "
                        "Raise the number of recalibration images, or use a split with labelled people.")
    for_evaluation(network)
    with _collecting(network) as moments, torch.inference_mode():
        for batch in np.array_split(images, -(-len(images) // batch_size)):
            network(network_input(network, batch))
    for name, norm in _norms(network):
        _set_statistics(name, norm, moments[norm])
    return network


@contextmanager
def _collecting(network: nn.Module) -> Iterator[dict[nn.Module, Moments]]:
    """While open, BatchNorms normalise by their batch and what enters them is added up."""
    moments: dict[nn.Module, Moments] = {}
    with ExitStack() as undo:
        undo.callback(network.eval)
        for _, norm in _norms(network):
            moments[norm] = Moments()
            norm.train()
            hook = norm.register_forward_pre_hook(lambda norm, inputs: moments[norm].add(inputs[0]))
            undo.callback(hook.remove)
        yield moments


def _norms(network: nn.Module) -> Iterator[tuple[str, _BatchNorm]]:
    for name, module in network.named_modules():
        if isinstance(module, _BatchNorm) and module.track_running_stats:
            yield name, module


def _set_statistics(name: str, norm: _BatchNorm, moments: Moments) -> None:
    if not moments.count:
        return     # the forward pass does not reach it
    mean, variance = moments.compute()
    if not bool(torch.isfinite(mean + variance).all()):
        raise TrainingError(f"what enters BatchNorm {name!r} must be finite, got NaN or infinity. "
                            "The weights have diverged: train again with a smaller learning rate.")
    assert norm.running_mean is not None
    assert norm.running_var is not None
    norm.running_mean.copy_(mean)
    norm.running_var.copy_(variance)


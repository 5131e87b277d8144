"""One frame of many clips at once: a network's heatmaps, from which the poses and the next frame follow."""

# Shapes: N clips, R recalibration clips, K joints, H/W input pixels, h/w heatmap cells, B batch.
from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import torch
from torch import Tensor, nn

from workers.errors import TrainingError
from workers.evaluation.cached_features import NetworkInput, batches
from workers.evaluation.fold import norms_folded
from workers.evaluation.inputs import device_of, for_evaluation, network_input
from workers.evaluation.recalibrate import even_batches, statistics_of_inputs


def recalibrate_on(
    network: nn.Module, images: NetworkInput, before: np.ndarray | None, batch_size: int, *, propagate: bool,
    again: NetworkInput | None = None,
) -> np.ndarray | None:  # fmt: skip
    """Sets BatchNorm's statistics to those of `images` (R, H, W, 3) with the heatmaps `before` (R, K, h, w).

    With `propagate` it returns the recalibrated network's own heatmaps of them. Where all are one batch they
    come out of the same pass; otherwise the images are seen a second time, or what `again` has for them.
    `before` is None for a network that takes images alone.
    """
    for_evaluation(network)
    rows = list(even_batches(len(images), batch_size))
    with statistics_of_inputs(network), torch.inference_mode():
        seen = [_as_array(_forward(network, images, before, each)) for each in rows]
    if not propagate:
        return None
    return seen[0] if len(seen) == 1 else _all(network, images if again is None else again, before, rows)


def predict_heatmaps(
    network: nn.Module, images: NetworkInput, before: np.ndarray | None, batch_size: int
) -> np.ndarray:
    """Heatmaps (N, K, h, w) float32 of images (N, H, W, 3), given those of the frame before.

    In eval mode, BatchNorm folded away. `before` may have more rows, of which the first N count. Raises
    TrainingError when heatmaps are not finite: such poses could be counted as right.
    """
    for_evaluation(network)
    with norms_folded(network):
        return heatmaps_as_it_is(network, images, before, batch_size)


def heatmaps_as_it_is(
    network: nn.Module, images: NetworkInput, before: np.ndarray | None, batch_size: int
) -> np.ndarray:
    """`predict_heatmaps` of a network that is ready; for few images getting it ready takes as long again."""
    heatmaps = _all(network, images, before, batches(len(images), batch_size))
    if not np.isfinite(heatmaps).all():
        raise TrainingError(
            "heatmaps must be finite, the network gave NaN or infinity. "
            "The weights have diverged: train again with a smaller learning rate."
        )
    return heatmaps


def _all(
    network: nn.Module, images: NetworkInput, before: np.ndarray | None, rows: Iterable[slice]
) -> np.ndarray:
    with torch.inference_mode():
        return np.concatenate([_as_array(_forward(network, images, before, each)) for each in rows])


def _forward(network: nn.Module, images: NetworkInput, before: np.ndarray | None, rows: slice) -> Tensor:
    pixels = network_input(network, images[rows])
    heatmaps: Tensor = network(pixels) if before is None else network(pixels, _guide(before[rows], network))
    return heatmaps


def _guide(heatmaps: np.ndarray, network: nn.Module) -> Tensor:
    writable = heatmaps if heatmaps.flags.writeable else heatmaps.copy()  # torch warns of read-only memory
    guide = torch.from_numpy(writable).to(device_of(network))
    return guide.contiguous(memory_format=torch.channels_last)


def _as_array(heatmaps: Tensor) -> np.ndarray:
    """Plain rows: a view in channels_last would pass on its layout to what is made of it."""
    return np.ascontiguousarray(heatmaps.float().cpu().numpy())

"""Cached features: what the first parts of a network gave, from which another with the same parts starts.

What the first parts give, and the BatchNorm statistics inside them, follow from the crops and those parts
alone. So a network with the same first parts as another need not compute them: bit for bit it gives what it
gives from the crops.
"""

# Shapes: N crops, R recalibration crops, C/h/w of features.
from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor, nn

from workers.evaluation.crops import Images
from workers.evaluation.fold import norms_folded
from workers.evaluation.inputs import for_evaluation, network_input
from workers.evaluation.recalibrate import even_batches, statistics_of_inputs

NetworkInput = Images | Tensor  # uint8 crops, or features (N, C, h, w) of them on the network's device


@final
@dataclass(frozen=True, slots=True, eq=False)
class CachedFeatures:
    """What a network takes of one frame behind its first parts: features, or crops behind no part at all."""

    recalibration: NetworkInput  # R of them, in the pass that normalises by batch
    recalibrated: NetworkInput  # the same R behind it; one batch gives the same in both
    crops: NetworkInput  # N of them, in prediction
    statistics: tuple[tuple[Tensor, ...], ...] = ()  # the buffers of each part

    @property
    def bytes(self) -> int:
        """Memory of the features; statistics are some kB."""
        seen = {id(each): each for each in (self.recalibration, self.recalibrated, self.crops)}
        return sum(each.nbytes for each in seen.values() if isinstance(each, Tensor))


def features_behind(part: nn.Module, before: CachedFeatures, batch_size: int) -> CachedFeatures:
    """The features behind a network's next part, which is recalibrated on the way, as by `recalibrate_on`."""
    for_evaluation(part)
    rows = list(even_batches(len(before.recalibration), batch_size))
    with statistics_of_inputs(part):
        recalibration = _through(part, before.recalibration, rows)
    recalibrated = recalibration if len(rows) == 1 else _through(part, before.recalibrated, rows)
    with norms_folded(part):
        crops = _through(part, before.crops, batches(len(before.crops), batch_size))
    statistics = tuple(buffer.clone() for buffer in part.buffers())
    return CachedFeatures(recalibration, recalibrated, crops, (*before.statistics, statistics))


@contextmanager
def started_from(parts: Sequence[nn.Sequential], features: CachedFeatures) -> Iterator[None]:
    """While open, the network whose first parts these are takes `features` in place of images.

    Afterwards it is whole again, and the parts have the statistics that belong to the features.
    """
    parts = parts[: len(features.statistics)]
    for part, kept in zip(parts, features.statistics, strict=True):
        for buffer, known in zip(part.buffers(), kept, strict=True):
            buffer.copy_(known)
    skipped = [module for part in parts for module in part]
    try:
        for module in skipped:
            module.forward = _hand_on
        yield
    finally:
        for module in skipped:
            del module.forward


def batches(count: int, size: int) -> Iterator[slice]:
    """Rows of `size`, the last of which may be fewer."""
    return (slice(start, min(start + size, count)) for start in range(0, count, size))


def _hand_on(x: Tensor) -> Tensor:
    return x


@torch.inference_mode()
def _through(part: nn.Module, seen: NetworkInput, rows: Iterable[slice]) -> Tensor:
    features = [part(network_input(part, seen[each])) for each in rows]
    return features[0] if len(features) == 1 else torch.cat(features)

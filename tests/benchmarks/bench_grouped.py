"""Groups of two and four channels computed by eight, against PyTorch's own grouped convolution.

Forward and backward of a sandwich (biggest, smallest, two random) of `smoke`'s space, and of the biggest
alone, on one thread, channels_last as in training; both ways in turn in one process, by processor time. When
the target was set, on a core with AVX2: 0.75 and 0.66.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import nn

from platform.config.recipes import smoke
from spaces.architecture import Architecture
from spaces.layers import grouped
from spaces.registry import build_space
from tests.benchmarks.figure import Figure, at_most
from tests.threads import one_thread
from workers.memory import keep_freed_memory

LIMIT = 0.9
REPEATS = 5


def measure() -> list[Figure]:
    keep_freed_memory()
    with one_thread():
        return list(_figures())


def _figures() -> Iterator[Figure]:
    config = smoke()
    space = build_space(config.space.name, keypoints=17, input_hw=config.space.input_hw)
    rng = np.random.default_rng(0)
    images = torch.randn(config.train.batch_size, 3, *space.input_hw)
    images = images.contiguous(memory_format=torch.channels_last)
    supernet = space.supernet()
    sandwich = [space.biggest(), space.smallest(), space.sample(rng), space.sample(rng)]
    for name, architectures in (("sandwich", sandwich), ("biggest", sandwich[:1])):
        ratio = _ratio(supernet, images, architectures)
        yield at_most(f"grouped by eight / as PyTorch does, {space.name}, {name}", ratio, "ratio", LIMIT)


def _ratio(supernet: nn.Module, images: torch.Tensor, architectures: Sequence[Architecture]) -> float:
    kept, ratios = grouped.PACK, []
    try:
        for repeat in range(1 + REPEATS):
            seconds = {}
            for pack in (1, kept) if repeat % 2 else (kept, 1):
                grouped.PACK = pack
                seconds[pack] = _step_s(supernet, images, architectures)
            ratios.append(seconds[kept] / seconds[1])
    finally:
        grouped.PACK = kept
    return statistics.median(ratios[1:])


def _step_s(supernet: nn.Module, images: torch.Tensor, architectures: Sequence[Architecture]) -> float:
    start_s = time.process_time()
    for architecture in architectures:
        supernet(images, architecture).square().mean().backward()
    return time.process_time() - start_s

"""The supernet's slice against the extracted network: forward and backward of the same batch, on one thread.

Both run in training mode and channels_last, as they are trained, interleaved in one process with either
first in turn. A ratio of 1 says that weight sharing is free. Time is the processor's: the clock's for
one thread alone on its core and stays so beside neighbours. When the targets were set, on two busy cores, the
ratios were 1.01 (S-ViPNAS-Res50), 1.01 (S-ViPNAS-MobileNetV3), 1.00 (HRNet-W32), and 1.02, 1.02, 1.07 for the
smallest of the three spaces.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn

from spaces.architecture import Architecture
from spaces.extract import extract
from spaces.initialise import initialise
from spaces.published import find_published
from spaces.registry import build_space
from spaces.space import SearchSpace
from tests.benchmarks.figure import Figure, at_most
from tests.threads import one_thread

PUBLISHED = ("s-vipnas-res50", "s-vipnas-mbv3", "hrnet-w32")
SPACES = ("resnet50", "mobilenetv3", "hrnet-w32")
PUBLISHED_RATIO, SMALLEST_RATIO = 1.05, 1.10
BATCH = 8
REPEATS = 3  # of four steps


def measure() -> list[Figure]:
    with one_thread():
        return [*_published(), *_smallest()]


def _published() -> Iterator[Figure]:
    for name in PUBLISHED:
        space, architecture = find_published(name)
        measured = ratio(space, architecture, batch=BATCH // 2)
        yield at_most(f"elastic / plain, {name}", measured, "ratio", PUBLISHED_RATIO)


def _smallest() -> Iterator[Figure]:
    for name in SPACES:
        space = build_space(name)
        measured = ratio(space, space.smallest(), BATCH)
        yield at_most(f"elastic / plain, smallest of {name}", measured, "ratio", SMALLEST_RATIO)


def ratio(space: SearchSpace, architecture: Architecture, batch: int) -> float:
    """Median over pairs of steps of the supernet's time divided by the extracted network's."""
    supernet = _channels_last(initialise(space.supernet(), seed=0, sigma=0.05).train())
    network = _channels_last(extract(space, supernet, architecture))
    images = torch.randn(batch, 3, *space.input_hw).to(memory_format=torch.channels_last)

    def elastic() -> float:
        return _step_s(supernet, lambda: supernet(images, architecture))

    def plain() -> float:
        return _step_s(network, lambda: network(images))

    elastic(), plain()
    ratios = []
    for _ in range(REPEATS):
        ratios.append(elastic() / plain())
        ratios.append(1 / (plain() / elastic()))
    return statistics.median(ratios)


def _channels_last(network: nn.Module) -> nn.Module:
    return network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]


def _step_s(network: nn.Module, forward: Callable[[], Tensor]) -> float:
    network.zero_grad(set_to_none=True)
    start_s = time.process_time()
    forward().square().mean().backward()
    return time.process_time() - start_s

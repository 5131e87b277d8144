"""A thousand distinct architectures from MACs windows 5 % wide, the table of counts included.

Time is the processor's. When the target was set, on a busy machine of 2 cores, a window took 0.1 to 0.3 s for
ResNet-50 and MobileNetV3 and 1.0 to 1.3 s for HRNet-W32. Half of that is its chain, which a process works
out once.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np

from spaces.chain import chain
from spaces.constraint import Constraint
from spaces.drawing import candidates, sample_many
from spaces.registry import SPACES, build_space
from spaces.space import SearchSpace
from tests.benchmarks.figure import Figure, at_most

COUNT = 1000
WIDTH = 1.05
LIMIT_S = 2.0


def measure() -> list[Figure]:
    return [figure for name in SPACES for figure in _windows(build_space(name))]


def _windows(space: SearchSpace) -> Iterator[Figure]:
    least, most = space.cost(space.smallest()).gmacs, space.cost(space.biggest()).gmacs
    middle = (least + most) / 2
    for place, bottom in (("smallest", least), ("middle", middle), ("biggest", most / WIDTH)):
        window = Constraint(min_gmacs=bottom, max_gmacs=bottom * WIDTH)
        seconds, count = _timed(space, window)
        yield at_most(f"sample {count} of {space.name}, {place}", seconds, "s", LIMIT_S)


def _timed(space: SearchSpace, window: Constraint) -> tuple[float, int]:
    """Processor seconds with nothing remembered, and how many came."""
    chain.cache_clear()
    candidates.cache_clear()
    start = time.process_time()
    drawn = sample_many(space, window, COUNT, np.random.default_rng(0))
    return time.process_time() - start, len(drawn)

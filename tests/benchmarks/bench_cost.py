"""How many architectures are drawn and costed in a second on one core, without building any.

When the targets were set, on one of two busy cores: 64,000 costed for MobileNetV3, 68,000 for ResNet-50 and
10,000 for HRNet-W32; 17,000, 29,000 and 12,000 drawn.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np

from spaces.registry import build_space
from tests.benchmarks.figure import Figure, at_least

TARGETS = {"mobilenetv3": 10_000, "resnet50": 10_000, "hrnet-w32": 3_000}
COUNT = 5_000


def measure() -> list[Figure]:
    return [figure for name, target in TARGETS.items() for figure in _rates(name, target)]


def _rates(name: str, target: int) -> Iterator[Figure]:
    space, rng = build_space(name), np.random.default_rng(0)
    start_s = time.process_time()
    drawn = [space.sample(rng) for _ in range(COUNT)]
    drawn_s = time.process_time()
    for architecture in drawn:
        space.cost(architecture)
    costed_s = time.process_time()
    yield at_least(f"costed, {name}", COUNT / (costed_s - drawn_s), "1/s", target)
    yield Figure(name=f"drawn, {name}", figure=COUNT / (drawn_s - start_s), unit="1/s")

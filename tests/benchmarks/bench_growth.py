"""What a search costs at 1,000 and 4,000 trials, beside commit 13628ef's.

Targets: a proposal within 50 ms, resuming within 30 s, pareto.html within 20 s and 20 MB, peak memory below
2 GB, all up to 100,000 trials (compare_growth.py). Times are the processor's, on one thread; nothing is
evaluated. The exponent is that between the two numbers of trials.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.benchmarks.base import base_tree
from tests.benchmarks.figure import Figure
from tests.benchmarks.growing import Growth

BASE, COUNTS = "13628ef", (1_000, 4_000)


def measure() -> Iterator[Figure]:
    with tempfile.TemporaryDirectory() as folder:
        yield from Growth(Path(folder), COUNTS).figures(base_tree(BASE), COUNTS)

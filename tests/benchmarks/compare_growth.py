"""What a search costs at 1,000, 10,000 and 100,000 trials, beside commit 13628ef's at 1,000 and 10,000.

The targets are those of bench_growth.py. A program that takes longer than 20 minutes has no figure.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.benchmarks.base import base_tree
from tests.benchmarks.bench_growth import BASE
from tests.benchmarks.figure import Figure
from tests.benchmarks.growing import Growth

COUNTS = (1_000, 10_000, 100_000)


def measure() -> Iterator[Figure]:
    with tempfile.TemporaryDirectory() as folder:
        yield from Growth(Path(folder), COUNTS).figures(base_tree(BASE), COUNTS[:2])

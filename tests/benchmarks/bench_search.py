"""What the search's driver costs, and how many trials a minute two cores give.

The driver: trials that evaluate nothing, two at a time. All in, that is with a durable Parquet row and an
MLflow child each and until both are written, against function trials as Tune's documentation writes them;
then the driver alone (rows, without MLflow) with one candidate a Tune trial and with twenty, beside the
floor, a bare pool of Ray actors. The search: the same subnets of mobilenetv3-small at 128x96 on the same 256
crops (and 256 to recalibrate on), two slots of one thread against one process on two threads; AP must be
equal. Ray's start-up is not counted; that of Tune and its actors is.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from platform.config.sections.resources import ResourceConfig
from platform.run.cluster import ray_session
from tests.benchmarks.figure import Figure, at_least, at_most
from tests.benchmarks.noop_search import SLOTS, bare_pool_s, platform_s, stock_tune_s
from tests.benchmarks.subnet_search import plain_ap, platform_ap, synthetic_inputs

TRIALS = int(os.environ.get("BENCH_SEARCH_TRIALS", "200"))
STOCK_TRIALS = int(os.environ.get("BENCH_SEARCH_STOCK", "24"))  # each takes seconds
BATCH = 20
SUBNETS = int(os.environ.get("BENCH_SEARCH_SUBNETS", "40"))
NICENESS = "RAY_worker_niceness"
MOST_S, LEAST_GAIN, LEAST_SPEED = 0.15, 15, 1.3


def measure() -> Iterator[Figure]:
    os.environ[NICENESS] = "0"  # 15 by default: the plain loop's is 0
    resources = ResourceConfig(cpus=SLOTS, object_store_mib=256)
    with tempfile.TemporaryDirectory() as folder, ray_session(resources):
        yield from _driver(Path(folder))
        yield from _search(Path(folder))


def _driver(folder: Path) -> Iterator[Figure]:
    ours_s = platform_s(TRIALS, 1, folder / "ours", tracked=True) / TRIALS
    stock_s = stock_tune_s(STOCK_TRIALS, folder / "theirs", tracked=True) / STOCK_TRIALS
    yield at_most(f"driver, all in, {TRIALS} no-op trials", ours_s, "s/trial", MOST_S)
    yield Figure(name=f"stock function trials, all in, {STOCK_TRIALS}", figure=stock_s, unit="s/trial")
    yield at_least("stock / driver", stock_s / ours_s, "ratio", LEAST_GAIN)
    for batch in (1, BATCH):
        alone_s = platform_s(TRIALS, batch, folder / f"batch{batch}", tracked=False) / TRIALS
        name = f"driver without MLflow, {batch} candidates a Tune trial"
        yield Figure(name=name, figure=1e3 * alone_s, unit="ms/trial")
    floor_s = bare_pool_s(TRIALS, folder / "bare") / TRIALS
    yield Figure(name="floor: a bare pool of actors, rows", figure=1e3 * floor_s, unit="ms/trial")


def _search(folder: Path) -> Iterator[Figure]:
    inputs = synthetic_inputs()
    plain, plain_s = plain_ap(inputs, SUBNETS)
    ours, ours_s = platform_ap(inputs, SUBNETS, folder / "subnets")
    assert len(set(plain.values())) > SUBNETS // 2, "the subnets' APs must differ, or equal ones say nothing"
    off = max(abs(ours[trial] - plain[trial]) for trial in range(SUBNETS))
    yield Figure(name="plain loop, two threads", figure=60 * SUBNETS / plain_s, unit="trials/min")
    yield Figure(name="platform, two slots", figure=60 * SUBNETS / ours_s, unit="trials/min")
    yield at_least("platform / plain loop", plain_s / ours_s, "ratio", LEAST_SPEED)
    yield at_most("largest difference in AP", off, "AP", 1e-6)

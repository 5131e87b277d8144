"""Searches whose driver, workers or node are killed at random moments end as the undisturbed one does."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pandas as pd
import pytest
from ray.cluster_utils import Cluster

from analysis.pareto import pareto_front
from analysis.trials import read_trials
from tests.end_to_end.clusters import two_nodes
from tests.end_to_end.killed_search import Search, lenient_data
from tests.end_to_end.processes import at_work

TRIALS = 24
SCORES = ["trial", "key", "architecture", "gmacs", "params", "ap", "ap75", "ar", "status", "evaluation"]
STORE_BYTES = 100 << 20


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return lenient_data(tmp_path_factory.mktemp("data") / "data")


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """A head with room for two trials, and a node with room for two more."""
    with two_nodes(num_cpus=2, object_store_memory=STORE_BYTES) as started:
        yield started


@pytest.fixture
def search(cluster: Cluster, data: Path, tmp_path: Path, tracking_uri: str) -> Search:
    """The one to disturb."""
    return Search(tmp_path, data, cluster.address, TRIALS, tracking_uri)


@pytest.fixture(scope="module")
def undisturbed(
    cluster: Cluster, data: Path, tracking_uri: str, tmp_path_factory: pytest.TempPathFactory
) -> Search:
    """On one slot: the order in which its trials finish is that of their numbers."""
    search = Search(tmp_path_factory.mktemp("undisturbed"), data, cluster.address, TRIALS, tracking_uri)
    search.finish(slots=1)
    table = search.table()
    assert table["trial"].tolist() == list(range(TRIALS))
    assert table["ap"].nunique() > TRIALS // 2, "scores that tell the trials apart"
    assert len(front_of(search)) > 1
    return search


def assert_ends_alike(search: Search, undisturbed: Search) -> None:
    ours, theirs = search.table(), undisturbed.table()
    assert ours["error"].dropna().tolist() == []
    assert set(ours["status"]) == {"finished"}
    assert ours["key"].is_unique
    pd.testing.assert_frame_equal(ours[SCORES], theirs[SCORES])
    pd.testing.assert_frame_equal(front_of(search), front_of(undisturbed))


def front_of(search: Search) -> pd.DataFrame:
    return pareto_front(read_trials(search.folder))[["key", "gmacs", "ap"]]


def stamps(search: Search) -> dict[Path, int]:
    """When each row was written: a trial that is evaluated again has another."""
    found = {}
    for part in search.rows:
        with suppress(FileNotFoundError):
            found[part] = part.stat().st_mtime_ns
    return found


def test_no_kill_of_the_driver_loses_a_finished_trial_or_repeats_one(
    search: Search, undisturbed: Search
) -> None:
    """Killed again and again at random moments, each time on another number of slots."""
    moments = random.Random(5)
    before: dict[Path, int] = {}
    for slots in (2, 1):
        until = len(before) + moments.randint(1, 4)
        with search.started(slots) as driver:
            driver.wait_until(lambda until=until: len(search.rows) >= until)  # type: ignore[misc]
            time.sleep(moments.uniform(0, 0.3))
            driver.kill()
        after = stamps(search)
        assert before.items() <= after.items()
        before = after
    assert len(before) < TRIALS
    search.finish(slots=4)
    assert before.items() <= stamps(search).items()
    assert_ends_alike(search, undisturbed)


def test_killed_workers_and_a_killed_node_cost_only_what_was_under_way(
    cluster: Cluster, search: Search, undisturbed: Search
) -> None:
    moments = random.Random(6)
    (node,) = cluster.worker_nodes
    with search.started(slots=4) as driver:
        for _ in range(2):
            until = len(search.rows) + moments.randint(1, 3)
            driver.wait_until(lambda until=until: len(search.rows) >= until)  # type: ignore[misc]
            time.sleep(moments.uniform(0, 0.1))
            workers: list[int] = []

            def are_at_work(workers: list[int] = workers) -> bool:
                workers[:] = at_work(cluster, "ray::ResourceTrainable.train")  # maybe none between two trials
                return bool(workers)

            driver.wait_until(are_at_work)
            os.kill(moments.choice(workers), signal.SIGKILL)
        driver.wait_until(lambda: len(search.rows) >= 7)
        before = stamps(search)
        cluster.remove_node(node, allow_graceful=False)
        said = driver.finish()
    assert "(raylet)" not in said, "Ray's own words of a death, with the end of the node's log"
    assert before.items() <= stamps(search).items()
    assert_ends_alike(search, undisturbed)

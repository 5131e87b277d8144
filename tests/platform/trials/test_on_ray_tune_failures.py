"""Workers that die, hang and come late, with real Ray actors."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import ray
from ray.cluster_utils import Cluster

from platform.config.sections.resources import ResourceConfig
from platform.run.cluster import ray_session
from platform.trials.on_ray_tune import run_trials
from platform.trials.rungs import FirstRung
from tests.workers.search.odd_evaluator import OddInputs, Word
from workers.errors import UnexpectedError

Rows = dict[int, dict[str, Any]]


class Given:
    """A sampler that proposes given words."""

    def __init__(self, *texts: str) -> None:
        self.words = [Word(text, number) for number, text in enumerate(texts)]

    def propose(self, trial: int) -> Any:
        return self.words[trial]


@pytest.fixture
def session() -> Iterator[None]:
    with ray_session(ResourceConfig(cpus=2, object_store_mib=128)):
        yield


def search(inputs: OddInputs, *texts: str, first_rung: FirstRung | None = None, **resources: Any) -> Rows:
    rows: Rows = {}
    run_trials(
        Given(*texts), range(len(texts)), ray.put(inputs), ResourceConfig(**resources),
        inputs.folder.with_name("ray"), lambda trial, _, measured: rows.update({trial: measured}), first_rung,
    )  # fmt: skip
    return rows


def test_a_search_outlives_killed_and_hung_workers_in_mid_batch(session: None, tmp_path: Path) -> None:
    """Nothing that has a row is evaluated again; a killed candidate is, a hung one is not."""
    (tmp_path / "begun").mkdir()
    rung = FirstRung(keep=0.5)
    rows = search(
        OddInputs(tmp_path / "begun"), "fine", "kill3", "fine", "fail", "fine", "hang", "fine", "fine",
        candidates_per_trial=4, slots=2, timeout_s=10, first_rung=rung,
    )  # fmt: skip
    assert {trial: row["status"] for trial, row in rows.items()} == {
        0: "finished", 1: "finished", 2: "finished", 3: "failed",
        4: "finished", 5: "failed", 6: "finished", 7: "finished",
    }  # fmt: skip
    assert rows[3]["error"] == "RuntimeError: it does not converge"
    assert rows[5]["error"] == "no result within 10 s (resources.timeout-s): its worker was ended"
    begun = Counter(path.name.rsplit(" ", 1)[0] for path in (tmp_path / "begun").iterdir())
    assert {word: times for word, times in begun.items() if times > 1} == {"kill3 1": 4}
    assert rung.aps == [0.25] * 6

    with pytest.raises(UnexpectedError, match=r"(?s)making the evaluator.*ValueError: the weights"):
        search(OddInputs(tmp_path / "begun", broken=True), "fine", "fine", slots=2)


def test_a_candidate_is_not_to_blame_for_workers_that_die_before_they_begin(
    session: None, tmp_path: Path
) -> None:
    rows = search(OddInputs(tmp_path, deaths_before=3), "fine", "fine", slots=1, max_failures=0)
    assert [rows[trial]["status"] for trial in (0, 1)] == ["finished", "finished"]
    assert len(list(tmp_path.glob("unready *"))) == 3


def test_automatic_slots_use_a_node_that_joins_later(tmp_path: Path) -> None:
    """It joins when the first row is there; the second trial ends only when there are two workers."""
    (tmp_path / "begun").mkdir()
    node: dict[str, Any] = {"num_cpus": 1, "object_store_memory": 100 << 20}
    cluster = Cluster(initialize_head=True, head_node_args=node | {"include_dashboard": False})
    workers: list[str] = []

    def add(trial: int, candidate: Word, measured: dict[str, Any]) -> None:
        workers.append(measured["worker"])
        if len(workers) == 1:
            cluster.add_node(**node)

    resources = ResourceConfig(address=cluster.address, slots="auto")
    try:
        with ray_session(resources):
            inputs = ray.put(OddInputs(tmp_path / "begun"))
            run_trials(Given("fine", "two", "two"), range(3), inputs, resources, tmp_path / "ray", add)
    finally:
        cluster.shutdown()
    assert len(workers) == 3
    assert len(set(workers[1:])) == 2

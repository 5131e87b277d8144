"""Against real MLflow stores: a database, and a server that is down, killed or paused."""

from __future__ import annotations

import io
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import mlflow
import pytest
from mlflow.entities import Run
from rich.console import Console

from platform.tracking.children import EXPERIMENT
from platform.tracking.sender import Patience, Tracking
from platform.tracking.tracked_run import TrackedRun
from tests.platform.mlflow_server import MlflowServer
from tests.platform.trial_rows import trial_row

PATIENT, IMPATIENT = Patience(idle_s=120), Patience(idle_s=0.5)
REQUEST_S = 3  # how long one waits for an answer
TAGS = {"stage": "spatial_search", "space": "s", "sampler": "uniform", "constraint": "at most 1 GMACs"}


@pytest.fixture
def uri(tmp_path: Path, mlflow_database: Path) -> str:
    shutil.copyfile(mlflow_database, tmp_path / "mlflow.db")
    return f"sqlite:///{tmp_path / 'mlflow.db'}"


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mlflow_database: Path) -> Iterator[MlflowServer]:
    shutil.copyfile(mlflow_database, tmp_path / "server.db")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", str(REQUEST_S))
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")  # as Tracking sets it, undone after the test
    made = MlflowServer(tmp_path)
    try:
        yield made
    finally:
        made.kill()


def tracking(uri: str, folder: Path, identity: str = "one") -> Tracking:
    run = TrackedRun(name="smoke", identity=identity, artifact_root=folder / "artifacts", tags=TAGS)
    return Tracking(uri, run, folder / identity / "tracking.jsonl")


def close(one: Tracking, patience: Patience = PATIENT) -> int:
    return one.close(Console(file=io.StringIO()), patience)


def runs(uri: str) -> tuple[list[Run], list[Run]]:
    """Parents and children, as the page shows them."""
    client = mlflow.MlflowClient(tracking_uri=uri)
    experiment = client.get_experiment_by_name(EXPERIMENT)
    assert experiment is not None
    found = list(client.search_runs([experiment.experiment_id]))
    parents = [run for run in found if "mlflow.parentRunId" not in run.data.tags]
    return parents, [run for run in found if "mlflow.parentRunId" in run.data.tags]


def numbers(children: list[Run]) -> list[int]:
    return sorted(int(run.data.tags["vipnas.trial"]) for run in children)


def wait_until(happened: Callable[[], bool], limit_s: float = 120) -> None:
    deadline = time.monotonic() + limit_s
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_run_has_one_child_per_trial_with_what_the_page_charts(uri: str, tmp_path: Path) -> None:
    one = tracking(uri, tmp_path)
    one.log_params({"seed": 3})
    one.log_metrics({"train/loss": 0.5}, step=10, time_ms=1)
    for trial in range(3):
        one.log_trial(trial_row(trial))
    one.log_trial(trial_row(3, ap=None, status="failed", error="it broke", origin="r#3"))
    one.log_trial(trial_row(-1, origin="old#7"))
    (tmp_path / "one" / "page.html").write_text("<p>front</p>")
    one.log_artifacts(tmp_path / "one" / "page.html")
    one.log_status("FINISHED")
    assert close(one) == 0

    (parent,), children = runs(uri)
    assert parent.info.status == "FINISHED"
    assert parent.data.params == {"seed": "3"}
    assert parent.data.metrics == {"train/loss": 0.5}
    assert parent.data.tags.items() >= TAGS.items()
    client = mlflow.MlflowClient(tracking_uri=uri)
    assert [file.path for file in client.list_artifacts(parent.info.run_id)] == ["page.html"]
    assert numbers(children) == [-1, 0, 1, 2, 3]
    names = {int(child.data.tags["vipnas.trial"]): child.info.run_name for child in children}
    assert (names[-1], names[2]) == ("spatial_search of old#7", "spatial_search-0002")
    finished = [child for child in children if child.info.status == "FINISHED"]
    assert len(finished) == 4
    assert all(child.data.metrics.items() >= {"ap": 0.5, "gmacs": 0.25}.items() for child in finished)
    assert all(child.data.tags.items() >= TAGS.items() for child in children)
    failed = next(child for child in children if child.info.status == "FAILED")
    assert (failed.data.tags["error"], failed.data.tags["origin"]) == ("it broke", "r#3")
    assert "ap" not in failed.data.metrics


def test_a_resumed_run_finds_its_parent_and_sends_only_what_is_missing(uri: str, tmp_path: Path) -> None:
    first = tracking(uri, tmp_path)
    first.log_params({"search.trials": 2})
    for trial in (0, 5):
        first.log_trial(trial_row(trial))
    first.log_status("KILLED")
    close(first)
    again = tracking(uri, tmp_path)
    again.log_status("RUNNING")
    again.log_params({"search.trials": 4})
    for trial in (0, 5, 6):
        again.log_trial(trial_row(trial))
    close(again)
    (parent,), children = runs(uri)
    assert (parent.info.status, numbers(children)) == ("RUNNING", [0, 5, 6])
    assert parent.data.params == {"search.trials": "2"}
    other = tracking(uri, tmp_path, identity="two")
    other.log_trial(trial_row(0))
    close(other)
    assert [len(found) for found in runs(uri)] == [2, 4]


def test_a_trial_that_was_half_written_is_completed_and_a_second_child_of_one_is_deleted(
    uri: str, tmp_path: Path
) -> None:
    first = tracking(uri, tmp_path)
    first.log_trial(trial_row(0))
    close(first)
    _, (child,) = runs(uri)
    client = mlflow.MlflowClient(tracking_uri=uri)
    for tags in (child.data.tags, child.data.tags | {"vipnas.trial": "1"}):
        client.create_run(child.info.experiment_id, tags=tags)
    (tmp_path / "one" / "tracking.sent").unlink()  # else nobody looks for what only a person can have made
    again = tracking(uri, tmp_path)
    for trial in range(2):
        again.log_trial(trial_row(trial))
    assert close(again) == 0
    parents, children = runs(uri)
    assert (len(parents), numbers(children)) == (1, [0, 1])
    assert {one.info.status for one in children} == {"FINISHED"}
    assert all(one.data.metrics["ap"] == 0.5 for one in children)


def test_what_a_kill_cut_short_in_the_outbox_hides_nothing_else(uri: str, tmp_path: Path) -> None:
    path = tmp_path / "one" / "tracking.jsonl"
    path.parent.mkdir()
    path.write_text('{"kind": "params", "values": {"a": "1"}}\n{"kind": "params", "val')
    one = tracking(uri, tmp_path)
    one.log_params({"b": 2})
    close(one)
    (parent,), _ = runs(uri)
    assert parent.data.params == {"a": "1", "b": "2"}


def test_a_server_that_is_down_killed_or_paused_delays_nothing_and_gets_everything_once(
    server: MlflowServer, tmp_path: Path
) -> None:
    began_s = time.monotonic()
    down = tracking(server.uri, tmp_path)
    down.log_params({"seed": 3})
    down.log_metrics({"loss": 0.5}, step=1, time_ms=1)
    for trial in range(5):
        down.log_trial(trial_row(trial))
    assert time.monotonic() - began_s < REQUEST_S, "nothing waits for the server"
    wait_until(lambda: down.trouble is not None)
    assert close(down, IMPATIENT) == 7

    server.start()
    one = tracking(server.uri, tmp_path)
    for trial in range(20):
        one.log_trial(trial_row(trial))
    wait_until(lambda: one.unsent < 18)
    server.kill()
    for trial in range(20, 30):
        one.log_trial(trial_row(trial))
    server.start()
    wait_until(lambda: one.unsent < 8)
    server.signal(signal.SIGSTOP)
    began_s = time.monotonic()
    for trial in range(30, 40):
        one.log_trial(trial_row(trial))
    assert time.monotonic() - began_s < REQUEST_S, "nor for one that takes a request and does not answer"
    wait_until(lambda: one.trouble is not None)
    server.signal(signal.SIGCONT)
    one.log_status("FINISHED")
    assert close(one) == 0

    (parent,), children = runs(server.uri)
    assert numbers(children) == list(range(40))
    assert {child.info.status for child in children} == {"FINISHED"}
    assert all(child.data.metrics["ap"] == 0.5 for child in children)
    assert parent.info.status == "FINISHED"
    assert (parent.data.params, parent.data.metrics) == ({"seed": "3"}, {"loss": 0.5})

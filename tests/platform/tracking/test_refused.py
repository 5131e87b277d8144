"""What is refused, was deleted, made by hand, half made or planted: all else goes on."""

from __future__ import annotations

import io
import json
import os
import shutil
import sqlite3
import threading
import time
from pathlib import Path

import mlflow
import pytest
from rich.console import Console

from platform.tracking.database import DatabaseError, make_whole
from platform.tracking.outbox import Outbox
from platform.tracking.own_files import own_file
from platform.tracking.refusals import RecordError
from platform.tracking.sender import Patience, Tracking
from platform.tracking.sent import SentLog
from platform.tracking.tracked_run import TrackedRun
from tests.platform.trial_rows import trial_row


@pytest.fixture
def uri(tmp_path: Path, mlflow_database: Path) -> str:
    shutil.copyfile(mlflow_database, tmp_path / "mlflow.db")
    return f"sqlite:///{tmp_path / 'mlflow.db'}"


def tracking(uri: str, folder: Path) -> Tracking:
    run = TrackedRun(name="smoke", identity="one", artifact_root=folder / "mlartifacts")
    return Tracking(uri, run, folder / "one" / "tracking.jsonl")


def close(one: Tracking) -> int:
    return one.close(Console(file=io.StringIO()), Patience(idle_s=120))


def experiment_id(client: mlflow.MlflowClient) -> str:
    experiment = client.get_experiment_by_name("vipnas")
    assert experiment is not None
    return str(experiment.experiment_id)


def found(uri: str, deleted: bool = False) -> dict[str, mlflow.entities.Run]:
    """The runs of our experiment by name."""
    client = mlflow.MlflowClient(tracking_uri=uri)
    view = mlflow.entities.ViewType.DELETED_ONLY if deleted else mlflow.entities.ViewType.ACTIVE_ONLY
    runs = client.search_runs([experiment_id(client)], run_view_type=view)
    return {run.info.run_name: run for run in runs}


def test_a_record_that_is_refused_is_named_and_passed_by_and_offered_once_more(
    uri: str, tmp_path: Path
) -> None:
    one = tracking(uri, tmp_path)
    one.log_params({"good": 1, "bad#name!": 2, "other": 3})
    one.log_metrics({"loss": 0.5, "no?name": 1.0}, step=1, time_ms=1)
    one.set_tag("t" * 300, "x")
    one.log_artifacts(Path("/etc/hostname"))
    Outbox(tmp_path / "one" / "tracking.jsonl").add("nonsense")
    one.log_trial(trial_row(0, status="finished", ap=0.5))
    one.set_tag("last", "here")
    assert close(one) == 0
    (nonsense,) = (
        each.start
        for each in Outbox(tmp_path / "one" / "tracking.jsonl").read(0)
        if each.record["kind"] == "nonsense"
    )
    assert set(one.refused) == {
        "param bad#name!", "metric no?name", f"tag {'t' * 300}", "artifact /etc/hostname",
        f"nonsense at byte {nonsense}",
    }  # fmt: skip
    assert "lies outside" in one.refused["artifact /etc/hostname"]
    runs = found(uri)
    assert set(runs) == {"smoke", "spatial_search-0000"}
    assert runs["smoke"].data.params == {"good": "1", "other": "3"}
    assert runs["smoke"].data.metrics == {"loss": 0.5}
    assert runs["smoke"].data.tags["last"] == "here"
    again = tracking(uri, tmp_path)
    assert (close(again), again.refused.keys()) == (0, one.refused.keys())


def test_a_deleted_experiment_run_and_trial_are_restored_and_said(uri: str, tmp_path: Path) -> None:
    one = tracking(uri, tmp_path)
    one.log_trial(trial_row(0))
    assert close(one) == 0
    client, before = mlflow.MlflowClient(tracking_uri=uri), found(uri)
    client.delete_experiment(before["smoke"].info.experiment_id)
    two = tracking(uri, tmp_path)
    two.log_trial(trial_row(1))
    assert close(two) == 0
    assert two.notes == ("the experiment 'vipnas' was deleted; it is restored, with its runs",)
    for run in before.values():
        client.delete_run(run.info.run_id)
    three = tracking(uri, tmp_path)
    three.set_tag("a", "b")
    assert close(three) == 0
    assert three.notes == (
        "the run was deleted; it is restored",
        "1 runs of trials were deleted; they are restored",
    )
    after = found(uri)
    assert set(after) == {"smoke", "spatial_search-0000", "spatial_search-0001"}
    assert all(after[name].info.run_id == run.info.run_id for name, run in before.items())


def test_a_run_that_is_deleted_while_it_is_tracked_goes_on(uri: str, tmp_path: Path) -> None:
    one = tracking(uri, tmp_path)
    one.set_tag("a", "b")
    while one.unsent:
        time.sleep(0.05)
    client = mlflow.MlflowClient(tracking_uri=uri)
    client.delete_experiment(experiment_id(client))
    one.log_trial(trial_row(0))
    one.set_tag("c", "d")
    assert (close(one), one.refused) == (0, {})
    assert found(uri)["smoke"].data.tags["c"] == "d"


def test_children_made_by_hand_are_left_alone(uri: str, tmp_path: Path) -> None:
    one = tracking(uri, tmp_path)
    one.log_trial(trial_row(0))
    assert close(one) == 0
    parent, client = found(uri)["smoke"], mlflow.MlflowClient(tracking_uri=uri)
    for name, tags in {
        "bare": {},
        "odd": {"vipnas.trial": "note", "stage": "x"},
        "half": {"vipnas.trial": "0"},
    }.items():
        client.create_run(
            parent.info.experiment_id, run_name=name, tags=tags | {"mlflow.parentRunId": parent.info.run_id}
        )
    (tmp_path / "one" / "tracking.sent").unlink()
    two = tracking(uri, tmp_path)
    two.log_trial(trial_row(0))
    two.log_trial(trial_row(1))
    assert (close(two), two.refused) == (0, {})
    assert set(found(uri)) == {"smoke", "spatial_search-0000", "spatial_search-0001", "bare", "odd", "half"}
    assert not found(uri, deleted=True)


def test_another_server_gets_everything_and_moves_no_mark_of_the_first(
    uri: str, tmp_path: Path, mlflow_database: Path
) -> None:
    shutil.copyfile(mlflow_database, tmp_path / "other.db")
    one = tracking(uri, tmp_path)
    one.set_tag("a", "b")
    assert close(one) == 0
    other = tracking(f"sqlite:///{tmp_path / 'other.db'}", tmp_path)
    assert other.unsent <= 1
    assert close(other) == 0
    assert found(f"sqlite:///{tmp_path / 'other.db'}")["smoke"].data.tags["a"] == "b"
    sent = SentLog(tmp_path / "one" / "tracking.sent", uri)
    assert sent.mark == (tmp_path / "one" / "tracking.jsonl").stat().st_size
    (tmp_path / "one" / "tracking.sent").write_text("12\n")  # as earlier versions wrote it, of any server
    assert SentLog(tmp_path / "one" / "tracking.sent", uri).mark == 0


def test_the_file_of_what_was_sent_survives_a_kill_and_is_forgotten_with_the_database(
    uri: str, tmp_path: Path, mlflow_database: Path
) -> None:
    one = tracking(uri, tmp_path)
    for trial in range(2):
        one.log_trial(trial_row(trial))
    assert close(one) == 0
    path = tmp_path / "one" / "tracking.sent"
    lines = path.read_bytes().splitlines(keepends=True)
    assert json.loads(lines[-1])["trial"] == ["spatial_search", 1]
    path.write_bytes(b"".join(lines[:-1]) + b'{"tri')
    two = tracking(uri, tmp_path)
    for trial in range(2):
        two.log_trial(trial_row(trial))
    assert close(two) == 0
    assert set(found(uri)) == {"smoke", "spatial_search-0000", "spatial_search-0001"}
    shutil.copyfile(mlflow_database, tmp_path / "new.db")
    fresh = tracking(f"sqlite:///{tmp_path / 'new.db'}", tmp_path)
    for trial in range(2):
        fresh.log_trial(trial_row(trial))
    assert close(fresh) == 0
    assert set(found(f"sqlite:///{tmp_path / 'new.db'}")) == set(found(uri))


def test_a_password_is_not_written_nor_said(tmp_path: Path) -> None:
    one = tracking("http://me:hunter2@127.0.0.1:9", tmp_path)
    one.log_params({"tracking_uri": "http://me:hunter2@127.0.0.1:9"})
    while one.trouble is None:
        time.sleep(0.05)
    one.close(Console(file=io.StringIO()), Patience(idle_s=0.1))
    assert one.uri == "http://me:***@127.0.0.1:9"
    assert "hunter2" not in one.trouble
    assert all(b"hunter2" not in file.read_bytes() for file in (tmp_path / "one").iterdir())


def test_a_half_made_database_is_moved_aside_or_named_and_made_once_for_all(
    tmp_path: Path, mlflow_database: Path
) -> None:
    path = tmp_path / "mlflow.db"
    said: list[str] = []
    with sqlite3.connect(path) as half:
        half.execute("CREATE TABLE runs (run_uuid TEXT)")
        half.execute("CREATE TABLE alembic_version (version_num TEXT)")
        half.execute("INSERT INTO alembic_version VALUES ('451aebb31d03')")
    half.close()
    with pytest.raises(DatabaseError, match="is half made and holds no run"):
        make_whole(path, mend=False, say=said.append)
    with pytest.raises(DatabaseError, match="another program"):
        make_whole(path, mend=True, say=said.append)
    os.utime(path, (1, 1))
    makers = [
        threading.Thread(target=make_whole, args=(path,), kwargs={"mend": True, "say": said.append})
        for _ in range(3)
    ]
    for maker in makers:
        maker.start()
    for maker in makers:
        maker.join()
    (note,) = said
    (aside,) = tmp_path.glob("mlflow.half-made-*.db")
    assert str(aside) in note
    tables = [
        set(sqlite3.connect(each).execute("SELECT name FROM sqlite_master"))
        for each in (path, mlflow_database)
    ]
    assert tables[0] == tables[1]


def test_only_files_of_the_run_are_sent_whatever_its_outbox_names(tmp_path: Path) -> None:
    folder, secret = tmp_path / "run", tmp_path / "secret.txt"
    folder.mkdir()
    secret.write_text("mine")
    (folder / "best.json").write_text("{}")
    (folder / "link").symlink_to(secret)
    (folder / "up").symlink_to(tmp_path)
    (folder / "circle").symlink_to(folder / "circle")
    for named in (
        str(secret),
        "../secret.txt",
        "link",
        str(folder / "link"),
        "up/secret.txt",
        "up",
        ".",
        "\0",
        5 * "../",
    ):
        with pytest.raises(RecordError):
            own_file(folder, named)
    assert own_file(folder, "gone.png") is None
    assert own_file(folder, "best.json") == own_file(folder, str(folder / "best.json"))
    assert own_file(folder, "/nowhere/old/best.json") == folder / "best.json", "the folder was moved"


def test_two_threads_of_a_process_make_two_databases_that_are_whole(
    tmp_path: Path, mlflow_database: Path
) -> None:
    """Migrations of MLflow know one database for a process: each thread's went to the other's as well."""
    paths = [tmp_path / name / "mlflow.db" for name in ("one", "two")]
    makers = [
        threading.Thread(target=make_whole, args=(path,), kwargs={"mend": False, "say": print})
        for path in paths
    ]
    for maker in makers:
        maker.start()
    for maker in makers:
        maker.join()
    tables = [
        set(sqlite3.connect(each).execute("SELECT name FROM sqlite_master"))
        for each in (*paths, mlflow_database)
    ]
    assert tables[0] == tables[1] == tables[2]

"""One run at an MLflow server: a parent run, and a child run for each trial, each written exactly once.

Every method raises where the server does not answer. Then nobody knows what arrived, so `connect` comes first
and what was under way is looked up before it is sent again; half written it is completed, a double deleted.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, final

from mlflow import MlflowClient
from mlflow.entities import Metric, Param, Run
from mlflow.utils.mlflow_tags import MLFLOW_PARENT_RUN_ID, MLFLOW_RUN_NAME

from platform.results.schema import METRICS
from platform.results.store import Row
from platform.tracking.children import (
    EXPERIMENT,
    RUN_TAG,
    TRIAL_TAG,
    Children,
    find_experiment,
    find_parent,
    is_begun,
)
from platform.tracking.database import make_whole, sqlite_path
from platform.tracking.outbox import Record
from platform.tracking.own_files import own_file
from platform.tracking.refusals import RecordError
from platform.tracking.sent import SentLog, TrialId
from platform.tracking.tracked_run import TrackedRun, trial_name
from workers.secrets import redacted

# They announce every table that is made, and print what is raised as well.
for _name_of_logger in ("mlflow.store.db.utils", "alembic"):
    logging.getLogger(_name_of_logger).setLevel(logging.CRITICAL)
LONGEST_PARAM, LONGEST_TAG = 6000, 8000  # characters that MLflow stores
MOST_METRICS, MOST_PARAMS = 1000, 100  # in one request
TIMEOUT_S = 20
TAGGED = ("stage", "space", "sampler", "constraint", "status", "key", "architecture", "origin", "error")
ENDED = {"finished": "FINISHED", "stopped": "FINISHED"}  # stopped: at the first rung


@final
class TrackingServer:
    """The tracking server of one run, which takes its rows and records; not connected until `connect`."""

    def __init__(self, uri: str, run: TrackedRun, folder: Path, sent: SentLog) -> None:
        os.environ["MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT"] = "true"  # it may hold a password
        # MLflow's own retries would send again what may have arrived; ours look first.
        os.environ["MLFLOW_HTTP_REQUEST_MAX_RETRIES"] = "0"
        os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", str(TIMEOUT_S))
        self.uri, self.run, self.folder = uri, run, folder
        self.making = False  # a database, which takes some seconds
        self.notes: dict[str, None] = {}  # what a person is told at the end, once each
        self._sent = sent
        self._client: MlflowClient | None = None
        self._under_way: TrialId | None = None
        self._doubtful: set[TrialId] = set()  # of which a request was thought lost: they may have a double

    def connect(self) -> Iterator[int]:
        """Finds or makes the parent run; learns which trials it has, where the run's folder does not say.

        Yields how many trials it has read.
        """
        self._make_database()
        if self._under_way is not None:
            self._doubtful.add(self._under_way)
        client = self._client = MlflowClient(tracking_uri=self.uri)
        noted = len(self.notes)
        found = find_experiment(client, self._say)
        restored = len(self.notes) > noted
        self._experiment_id = str(found.experiment_id) if found else self._make_experiment(client)
        parent = find_parent(client, self._experiment_id, self.run.identity, self._say)
        self.parent_id = parent or self._make_parent(client)
        self._params = set(client.get_run(self.parent_id).data.params)
        self._children = Children(client, self._experiment_id, self.parent_id)
        known, last = self._sent.begin(self.parent_id), self._sent.last_run
        if parent is None:
            return
        if restored or not known or (last is not None and not self._children.exists(last)):
            yield from self._children.read()
            self._sent.forget_trials(self._children.found)
        self._restore_children()

    def has(self, row: Row) -> bool:
        return self._sent.trials.get(_id(row)) is not None

    def write_trial(self, row: Row) -> None:
        """Writes a trial as a finished child run, by three requests: MLflow has none that does it at once."""
        client, trial = self._connected(), _id(row)
        if self.has(row):
            return
        self._under_way = trial
        before = self._children.look_up(trial) if trial in self._sent.trials else None
        child = str(before.info.run_id) if before else self._begin(client, row)
        if before is None or is_begun(before):
            self._complete(client, child, row)
        self._sent.end_trial(trial, child, sure=trial not in self._doubtful)
        self._under_way = None

    def settle(self) -> bool:
        """Looks once more for doubles of trials whose requests were thought lost; whether there were such."""
        some = bool(self._doubtful)
        for trial in sorted(self._doubtful):
            found = self._children.look_up(trial)
            if found is not None and not is_begun(found):
                self._sent.end_trial(trial, str(found.info.run_id), sure=True)
            self._doubtful.discard(trial)
        return some

    def write(self, records: Sequence[Record]) -> Iterator[None]:
        """Writes records of the parent run; twice is as once. Yields whenever one was answered.

        Metrics that follow each other are sent together, so all records may be of this kind, or one alone.
        Raises RecordError for one that cannot be sent.
        """
        client = self._connected()
        metrics = [one for record in records if record.get("kind") == "metrics" for one in _metrics(record)]
        for batch in _batches(metrics, MOST_METRICS):
            client.log_batch(self.parent_id, metrics=batch)
            yield
        for record in records:
            match record.get("kind"):
                case "metrics":
                    continue
                case "params":
                    self._write_params(client, record["values"])
                case "artifact":
                    if path := own_file(self.folder, record["path"]):
                        client.log_artifact(self.parent_id, str(path))
                case "tag":
                    client.set_tag(self.parent_id, record["name"], record["value"])
                case "status":
                    self._set_status(client, record["status"], record["time_ms"])
                case kind:
                    raise RecordError(f"there are no records of kind {kind!r}")
            yield

    def _begin(self, client: MlflowClient, row: Row) -> str:
        tags = {name: redacted(str(row[name]))[:LONGEST_TAG] for name in TAGGED if row[name] is not None}
        tags |= {
            MLFLOW_PARENT_RUN_ID: self.parent_id,
            MLFLOW_RUN_NAME: trial_name(row),
            TRIAL_TAG: str(row["trial"]),
        }
        seconds = row["total_s"] or 0.0
        started_ms = int((row["finished_at"].timestamp() - seconds) * 1000)
        self._sent.begin_trial(_id(row))
        run: Run = client.create_run(self._experiment_id, start_time=started_ms, tags=tags)
        return str(run.info.run_id)

    def _complete(self, client: MlflowClient, child: str, row: Row) -> None:
        time_ms = int(row["finished_at"].timestamp() * 1000)
        metrics = [Metric(name, float(row[name]), time_ms, 0) for name in METRICS if row[name] is not None]
        client.log_batch(child, metrics=metrics)
        client.set_terminated(child, ENDED.get(row["status"], "FAILED"), end_time=time_ms)

    def _write_params(self, client: MlflowClient, values: Mapping[str, Any]) -> None:
        """Writes the parameters that the run lacks: MLflow lets no value change."""
        new = [Param(key, redacted(str(value))[:LONGEST_PARAM]) for key, value in values.items()]
        for batch in _batches([param for param in new if param.key not in self._params], MOST_PARAMS):
            client.log_batch(self.parent_id, params=batch)
        self._params |= values.keys()

    def _set_status(self, client: MlflowClient, status: str, time_ms: int) -> None:
        if status == "RUNNING":
            client.update_run(self.parent_id, status=status)
        else:
            client.set_terminated(self.parent_id, status, end_time=time_ms)

    def _connected(self) -> MlflowClient:
        assert self._client is not None, "connect comes first"
        return self._client

    def _say(self, note: str) -> None:
        self.notes[note] = None

    def _make_database(self) -> None:
        """Only one beside the runs is ours to move aside: a run's folder may name any."""
        path = sqlite_path(self.uri)
        if path is None:
            return
        self.making = True
        try:
            make_whole(path, mend=path.parent == self.run.artifact_root.parent, say=self._say)
        finally:
            self.making = False

    def _make_experiment(self, client: MlflowClient) -> str:
        # A server keeps artifacts itself; without one they lie beside the runs.
        root = None if self.uri.startswith("http") else self.run.artifact_root.as_uri()
        return str(client.create_experiment(EXPERIMENT, artifact_location=root))

    def _make_parent(self, client: MlflowClient) -> str:
        tags = {MLFLOW_RUN_NAME: self.run.name, RUN_TAG: self.run.identity} | dict(self.run.tags)
        return str(client.create_run(self._experiment_id, tags=tags).info.run_id)

    def _restore_children(self) -> None:
        back = self._children.restore(self._sent.trials, self._say)
        for trial, run in back.items():
            if run is None:
                self._sent.begin_trial(trial)
            else:
                self._sent.end_trial(trial, run, sure=True)


def _id(row: Row) -> TrialId:
    return row["stage"], row["trial"]


def _metrics(record: Record) -> list[Metric]:
    return [
        Metric(name, float(value), record["time_ms"], record["step"])
        for name, value in record["values"].items()
    ]


def _batches(values: Sequence[Any], most: int) -> Iterator[Sequence[Any]]:
    return (values[start : start + most] for start in range(0, len(values), most))

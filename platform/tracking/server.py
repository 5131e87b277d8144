"""One run at an MLflow server: a parent run, and a child run for each trial, each written exactly once.

Every method raises where the server does not answer. Then nobody knows what arrived, so `connect` asks the
server before anything is sent again; what it finds half written is completed, what it finds twice deleted.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, final

from mlflow import MlflowClient
from mlflow.entities import Metric, Param, Run
from mlflow.utils.mlflow_tags import MLFLOW_PARENT_RUN_ID, MLFLOW_RUN_NAME

from platform.results.schema import METRICS
from platform.results.store import Row
from platform.tracking.outbox import Record

EXPERIMENT = "vipnas"
logging.getLogger("mlflow.store.db.utils").setLevel(logging.WARNING)  # it announces every table it makes
logging.getLogger("alembic").setLevel(logging.WARNING)
TRIAL_TAG, RUN_TAG = "vipnas.trial", "vipnas.run"
LONGEST_PARAM, LONGEST_TAG = 6000, 8000  # characters that MLflow stores
MOST_METRICS, MOST_PARAMS = 1000, 100  # in one request
PAGE = 1000
TIMEOUT_S = 20
TAGGED = ("stage", "space", "sampler", "constraint", "status", "key", "architecture", "origin", "error")
ENDED = {"finished": "FINISHED", "stopped": "FINISHED"}  # stopped: at the first rung

TrialId = tuple[str, int]  # stage, number


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class TrackedRun:
    """What the server is told of a run; `identity` tells it from another of its name in another folder."""

    name: str
    identity: str
    artifact_root: Path
    tags: Mapping[str, str] = field(default_factory=dict)


@final
class TrackingServer:
    """The tracking server of one run, which takes its rows and records; not connected until `connect`."""

    def __init__(self, uri: str, run: TrackedRun) -> None:
        # MLflow's own retries would send again what may have arrived; ours look first.
        os.environ["MLFLOW_HTTP_REQUEST_MAX_RETRIES"] = "0"
        os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", str(TIMEOUT_S))
        self.uri, self.run = uri, run
        self._client: MlflowClient | None = None
        self._written: set[TrialId] = set()
        self._begun: dict[TrialId, str] = {}

    def connect(self) -> None:
        """Finds or makes the parent run, and learns which trials the server has."""
        self._client = MlflowClient(tracking_uri=self.uri)
        self._experiment_id = self._find_experiment(self._client)
        self.parent_id = self._find_parent(self._client)
        self._params = set(self._client.get_run(self.parent_id).data.params)
        self._learn(self._client)

    def has(self, row: Row) -> bool:
        return _id(row) in self._written

    def write_trial(self, row: Row) -> None:
        """Writes a trial as a finished child run, by three requests: MLflow has none that does it at once."""
        client, time_ms = self._connected(), int(row["finished_at"].timestamp() * 1000)
        if self.has(row):
            return
        child = self._begun.get(_id(row)) or self._begin(client, row)
        metrics = [Metric(name, float(row[name]), time_ms, 0) for name in METRICS if row[name] is not None]
        client.log_batch(child, metrics=metrics)
        client.set_terminated(child, ENDED.get(row["status"], "FAILED"), end_time=time_ms)
        self._written.add(_id(row))

    def write(self, records: Sequence[Record]) -> Iterator[None]:
        """Writes records of the parent run in order; twice is as once. Yields whenever one was answered."""
        client = self._connected()
        metrics = [one for record in records if record["kind"] == "metrics" for one in _metrics(record)]
        for batch in _batches(metrics, MOST_METRICS):
            client.log_batch(self.parent_id, metrics=batch)
            yield
        for record in records:
            match record["kind"]:
                case "params":
                    self._write_params(client, record["values"])
                case "artifact":
                    if Path(record["path"]).exists():
                        client.log_artifact(self.parent_id, record["path"])
                case "tag":
                    client.set_tag(self.parent_id, record["name"], record["value"])
                case "status":
                    self._set_status(client, record["status"], record["time_ms"])
            yield

    def _begin(self, client: MlflowClient, row: Row) -> str:
        tags = {name: str(row[name])[:LONGEST_TAG] for name in TAGGED if row[name] is not None}
        tags |= {
            MLFLOW_PARENT_RUN_ID: self.parent_id,
            MLFLOW_RUN_NAME: _name(row),
            TRIAL_TAG: str(row["trial"]),
        }
        seconds = row["total_s"] or 0.0
        started_ms = int((row["finished_at"].timestamp() - seconds) * 1000)
        run: Run = client.create_run(self._experiment_id, start_time=started_ms, tags=tags)
        self._begun[_id(row)] = run.info.run_id
        return str(run.info.run_id)

    def _write_params(self, client: MlflowClient, values: Mapping[str, Any]) -> None:
        """Writes the parameters that the run lacks: MLflow lets no value change."""
        new = [Param(key, str(value)[:LONGEST_PARAM]) for key, value in values.items()]
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

    def _learn(self, client: MlflowClient) -> None:
        """Which trials are written and which are begun; a second child of one trial is deleted."""
        self._written, self._begun = set(), {}
        for child in sorted(self._children(client), key=lambda run: run.info.status == "RUNNING"):
            trial = (child.data.tags["stage"], int(child.data.tags[TRIAL_TAG]))
            if trial in self._written or trial in self._begun:
                client.delete_run(child.info.run_id)
            elif child.info.status == "RUNNING":
                self._begun[trial] = child.info.run_id
            else:
                self._written.add(trial)

    def _children(self, client: MlflowClient) -> Iterator[Run]:
        token = None
        while True:
            page = client.search_runs(
                [self._experiment_id], f"tags.`{MLFLOW_PARENT_RUN_ID}` = '{self.parent_id}'",
                max_results=PAGE, page_token=token,
            )  # fmt: skip
            yield from page
            token = page.token
            if not token:
                return

    def _find_experiment(self, client: MlflowClient) -> str:
        found = client.get_experiment_by_name(EXPERIMENT)
        if found is not None:
            return str(found.experiment_id)
        # A server keeps artifacts itself; without one they lie beside the runs.
        root = None if self.uri.startswith("http") else self.run.artifact_root.as_uri()
        return str(client.create_experiment(EXPERIMENT, artifact_location=root))

    def _find_parent(self, client: MlflowClient) -> str:
        """The oldest parent run of this identity, or a new one."""
        found = client.search_runs(
            [self._experiment_id], f"tags.`{RUN_TAG}` = '{self.run.identity}'",
            order_by=["attributes.start_time ASC"],
        )  # fmt: skip
        for second in found[1:]:  # of a request that was thought lost
            client.delete_run(second.info.run_id)
        if found:
            return str(found[0].info.run_id)
        tags = {MLFLOW_RUN_NAME: self.run.name, RUN_TAG: self.run.identity} | dict(self.run.tags)
        return str(client.create_run(self._experiment_id, tags=tags).info.run_id)


def _id(row: Row) -> TrialId:
    return row["stage"], row["trial"]


def _name(row: Row) -> str:
    """A row that was taken over is called by the trial that evaluated it."""
    if row["trial"] < 0:
        return f"{row['stage']} of {row['origin']}"
    return f"{row['stage']}-{row['trial']:04d}"


def _metrics(record: Record) -> list[Metric]:
    return [
        Metric(name, float(value), record["time_ms"], record["step"])
        for name, value in record["values"].items()
    ]


def _batches(values: Sequence[Any], most: int) -> Iterator[Sequence[Any]]:
    return (values[start : start + most] for start in range(0, len(values), most))

"""MLflow, off the search's critical path: one parent run per run, one child run per trial."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

from mlflow import MlflowClient
from mlflow.entities import Metric, Param, RunTag
from mlflow.utils.mlflow_tags import MLFLOW_PARENT_RUN_ID, MLFLOW_RUN_NAME

from platform.results.schema import METRICS
from platform.results.store import Row

EXPERIMENT = "vipnas"
logging.getLogger("mlflow.store.db.utils").setLevel(logging.WARNING)  # it announces every table it makes
TRIAL_TAG = "vipnas.trial"
RUN_TAG = "vipnas.run"
LONGEST_PARAM = 6000  # characters that MLflow stores
PAGE = 1000


class Tracking:
    """Writes from one background thread; `close` waits for it and raises what went wrong there.

    `identity` tells this run from another of the same name in another folder.
    """

    def __init__(self, uri: str, name: str, identity: str, artifact_root: Path) -> None:
        self._client = MlflowClient(tracking_uri=uri)
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="mlflow")
        self._pending: list[Future[None]] = []
        self._experiment_id = self._find_experiment(artifact_root)
        self.parent_id = self._find_parent(name, identity)

    def log_params(self, params: Mapping[str, Any]) -> None:
        """Of the parent run; those that it has already are kept."""
        known = self._client.get_run(self.parent_id).data.params
        new = [Param(key, str(value)[:LONGEST_PARAM]) for key, value in params.items() if key not in known]
        self._client.log_batch(self.parent_id, params=new)

    def log_metrics(self, metrics: Mapping[str, float], step: int, time_ms: int) -> None:
        """Of the parent run, in the background."""
        batch = [Metric(name, float(value), time_ms, step) for name, value in metrics.items()]
        self._later(lambda: self._client.log_batch(self.parent_id, metrics=batch))

    def set_tag(self, name: str, value: str) -> None:
        """Of the parent run, in the background."""
        self._later(lambda: self._client.set_tag(self.parent_id, name, value))

    def log_trial(self, row: Row) -> None:
        """One child run, in the background."""
        self._later(lambda: self._write_trial(row))

    def logged_trials(self, stage: str) -> set[int]:
        """Trial numbers of this run's finished children, so that a resumed run logs only what is missing."""
        found: set[int] = set()
        token = None
        while True:
            page = self._client.search_runs(
                [self._experiment_id],
                f"tags.`{MLFLOW_PARENT_RUN_ID}` = '{self.parent_id}' and tags.stage = '{stage}' "
                "and attributes.status != 'RUNNING'",
                max_results=PAGE,
                page_token=token,
            )
            found |= {int(run.data.tags[TRIAL_TAG]) for run in page}
            token = page.token
            if not token:
                return found

    def log_artifacts(self, *paths: Path) -> None:
        """Files of the parent run, after everything pending."""
        for path in paths:
            self._later(lambda path=path: self._client.log_artifact(self.parent_id, str(path)))

    def close(self, *, finished: bool) -> None:
        """Waits until all is written, then ends the parent run."""
        self._thread.shutdown(wait=True)
        self._client.set_terminated(self.parent_id, "FINISHED" if finished else "KILLED")
        for future in self._pending:
            future.result()

    def _later(self, write: Any) -> None:
        self._pending = [future for future in self._pending if not future.done() or future.exception()]
        self._pending.append(self._thread.submit(write))

    def _write_trial(self, row: Row) -> None:
        tags = {
            MLFLOW_PARENT_RUN_ID: self.parent_id,
            MLFLOW_RUN_NAME: f"{row['stage']}-{row['trial']:04d}",
            TRIAL_TAG: str(row["trial"]),
            "stage": row["stage"],
            "space": row["space"],
            "sampler": row["sampler"],
            "status": row["status"],
        }
        time_ms = int(row["finished_at"].timestamp() * 1000)
        child = self._client.create_run(self._experiment_id, tags=tags)
        metrics = [Metric(name, float(row[name]), time_ms, 0) for name in METRICS if row[name] is not None]
        params = [Param("key", row["key"]), Param("architecture", row["architecture"][:LONGEST_PARAM])]
        errors = [RunTag("error", row["error"])] if row["error"] else []
        self._client.log_batch(child.info.run_id, metrics=metrics, params=params, tags=errors)
        self._client.set_terminated(
            child.info.run_id, "FINISHED" if row["status"] == "finished" else "FAILED", end_time=time_ms
        )

    def _find_experiment(self, artifact_root: Path) -> str:
        found = self._client.get_experiment_by_name(EXPERIMENT)
        if found is not None:
            return str(found.experiment_id)
        return str(self._client.create_experiment(EXPERIMENT, artifact_location=artifact_root.as_uri()))

    def _find_parent(self, name: str, identity: str) -> str:
        """The parent run of this identity, reopened, or a new one."""
        found = self._client.search_runs(
            [self._experiment_id], f"tags.`{RUN_TAG}` = '{identity}'", max_results=1
        )
        if found:
            parent_id: str = found[0].info.run_id
            self._client.update_run(parent_id, status="RUNNING")
            return parent_id
        tags = {MLFLOW_RUN_NAME: name, RUN_TAG: identity}
        return str(self._client.create_run(self._experiment_id, tags=tags).info.run_id)

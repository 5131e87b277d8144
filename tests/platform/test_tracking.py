"""Against a real MLflow store on disk."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import mlflow
import pytest

from platform.results.schema import COLUMNS
from platform.tracking import EXPERIMENT, Tracking


def row(trial: int, **changes: Any) -> dict[str, Any]:
    values = {column.name: None for column in COLUMNS}
    return values | {
        "run": "r", "stage": "spatial_search", "trial": trial, "key": f"k{trial}", "architecture": "{}",
        "space": "s", "sampler": "uniform", "ap": 0.5, "gmacs": 0.25, "status": "finished",
        "finished_at": datetime(2026, 1, 2, tzinfo=UTC),
    } | changes  # fmt: skip


@pytest.fixture
def uri(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'mlflow.db'}"


def test_a_run_has_one_child_per_trial_with_what_the_page_charts(uri: str, tmp_path: Path) -> None:
    tracking = Tracking(uri, "smoke", "one", tmp_path / "artifacts")
    tracking.log_params({"seed": 3})
    tracking.log_metrics({"train/loss": 0.5}, step=10, time_ms=1)
    for trial in range(3):
        tracking.log_trial(row(trial))
    tracking.log_trial(row(3, ap=None, status="failed", error="it broke"))
    (tmp_path / "page.html").write_text("<p>front</p>")
    tracking.log_artifacts(tmp_path / "page.html")
    tracking.close(finished=True)

    client = mlflow.MlflowClient(tracking_uri=uri)
    experiment = client.get_experiment_by_name(EXPERIMENT)
    assert experiment is not None
    runs = client.search_runs([experiment.experiment_id])
    parents = [run for run in runs if "mlflow.parentRunId" not in run.data.tags]
    children = [run for run in runs if run.data.tags.get("mlflow.parentRunId") == parents[0].info.run_id]
    assert (len(parents), len(children)) == (1, 4)
    assert parents[0].info.status == "FINISHED"
    assert parents[0].data.params == {"seed": "3"}
    assert [file.path for file in client.list_artifacts(parents[0].info.run_id)] == ["page.html"]
    finished = [child for child in children if child.info.status == "FINISHED"]
    assert all(child.data.metrics.items() >= {"ap": 0.5, "gmacs": 0.25}.items() for child in finished)
    failed = next(child for child in children if child.info.status == "FAILED")
    assert failed.data.tags["error"] == "it broke"
    assert "ap" not in failed.data.metrics


def test_a_resumed_run_finds_its_parent_and_what_was_logged(uri: str, tmp_path: Path) -> None:
    first = Tracking(uri, "smoke", "one", tmp_path / "artifacts")
    first.log_params({"search.trials": 2})
    first.log_trial(row(0))
    first.log_trial(row(5))
    first.close(finished=False)
    again = Tracking(uri, "smoke", "one", tmp_path / "artifacts")
    again.log_params({"search.trials": 4})
    assert again.parent_id == first.parent_id
    assert again.logged_trials("spatial_search") == {0, 5}
    assert again.logged_trials("temporal_search") == set()
    again.close(finished=True)
    other = Tracking(uri, "smoke", "two", tmp_path / "artifacts")
    assert other.parent_id != first.parent_id
    assert other.logged_trials("spatial_search") == set()
    other.close(finished=True)

"""A whole run with real Ray workers: complete, the same again, and continued after being killed."""

from __future__ import annotations

import json
from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
import pytest

from tests.end_to_end.conftest import whole_run_arguments
from tests.end_to_end.environment import this_environment
from tests.end_to_end.tiny_run import SCORES, TinyRun

TRIALS = 4


def test_rows_child_runs_and_requested_trials_are_the_same_number(whole_run: tuple[TinyRun, str]) -> None:
    run, _ = whole_run
    table = run.table()
    assert list(table["trial"]) == list(range(TRIALS))
    assert set(table["status"]) == {"finished"}
    assert table["key"].is_unique
    assert np.isfinite(table["ap"]).all()

    client = mlflow.MlflowClient(f"sqlite:///{run.storage / 'mlflow.db'}")
    experiment = client.get_experiment_by_name("vipnas")
    assert experiment is not None
    runs = client.search_runs([experiment.experiment_id])
    children = [one for one in runs if "mlflow.parentRunId" in one.data.tags]
    assert len(children) == TRIALS
    charted = {one.data.tags["vipnas.trial"]: one.data.metrics for one in children}
    for row in table.itertuples():
        assert charted[str(row.trial)]["ap"] == pytest.approx(row.ap)
        assert charted[str(row.trial)]["gmacs"] == pytest.approx(row.gmacs)
    (parent,) = [one for one in runs if "mlflow.parentRunId" not in one.data.tags]
    assert parent.info.status == "FINISHED"
    assert "train/loss_biggest" in parent.data.metrics
    artifacts = {file.path for file in client.list_artifacts(parent.info.run_id)}
    assert artifacts >= {"pareto.html", "pareto.png", "config.yaml"}


def test_the_run_says_where_everything_lies(whole_run: tuple[TinyRun, str]) -> None:
    run, said = whole_run
    assert "Pareto front" in said
    assert f"mlflow ui --backend-store-uri sqlite:///{run.storage / 'mlflow.db'}" in said
    assert (run.folder / "pareto.png").stat().st_size > 10_000
    best = json.loads((run.folder / "best.json").read_text())
    assert best["ap"] == run.table()["ap"].max()
    assert best["ap_untrained"] is not None


def test_a_finished_run_again_does_nothing_twice(whole_run: tuple[TinyRun, str]) -> None:
    run, _ = whole_run
    written = {*run.folder.rglob("*.parquet"), *run.folder.glob("*.safetensors")}
    before = {path: path.stat().st_mtime_ns for path in written}
    said = run.finish(*whole_run_arguments(run.storage / "chosen.json"))
    for stage in ("spatial_train", "spatial_search", "spatial_retrain", "spatial_finetune"):
        assert f"{stage}: done before" in said
    assert {path: path.stat().st_mtime_ns for path in written} == before
    assert run.parts.keys() <= written


def test_a_killed_run_continues_and_ends_like_an_undisturbed_one(
    whole_run: tuple[TinyRun, str], tmp_path: Path, tracking_uri: str
) -> None:
    """SIGKILL of the driver after its first row; then the same command, on one slot instead of two."""
    undisturbed, _ = whole_run
    run = TinyRun(this_environment(), tmp_path, tmp_path / "runs")  # as the README types it
    run.begin_with_supernet_of(undisturbed)
    command = ("--resources.slots", "1", "--tracking-uri", tracking_uri)
    with run.started(*command) as driver:
        driver.wait_until(lambda: bool(run.parts))
        driver.kill()
    done = run.parts
    assert 0 < len(done) < TRIALS

    run.finish(*command)
    assert done.items() <= run.parts.items()
    pd.testing.assert_frame_equal(run.table()[SCORES], undisturbed.table()[SCORES])

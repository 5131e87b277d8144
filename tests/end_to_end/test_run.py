"""A whole run with real Ray workers: complete, the same again, and continued after being killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.torch import load_file

TRIALS = 4
WAIT_S = 240
SCORES = ["key", "architecture", "params", "macs", "ap", "ar", "status", "seed"]


@dataclass(frozen=True, slots=True)
class Run:
    """A run of recipe tiny in a process of its own."""

    checkout: Path
    storage: Path

    @property
    def folder(self) -> Path:
        return self.storage / "tiny"

    @property
    def parts(self) -> list[Path]:
        return sorted((self.folder / "trials.parquet").glob("*.parquet"))

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "platform.search", "tiny", "--storage", str(self.storage), *arguments],
            cwd=self.checkout, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            env={name: value for name, value in os.environ.items() if not name.startswith("RAY_")},
        )  # fmt: skip

    def finish(self, *arguments: str) -> str:
        process = self.start(*arguments)
        said, _ = process.communicate(timeout=WAIT_S)
        assert process.returncode == 0, said
        return said

    def table(self) -> pd.DataFrame:
        return pd.read_parquet(self.folder / "trials.parquet").sort_values("trial").reset_index(drop=True)


@pytest.fixture(scope="module")
def undisturbed(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, str]:
    run = Run(checkout, tmp_path_factory.mktemp("undisturbed"))
    return run, run.finish("--resources.slots", "2")


def test_rows_child_runs_and_requested_trials_are_the_same_number(undisturbed: tuple[Run, str]) -> None:
    run, _ = undisturbed
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


def test_the_run_says_where_everything_lies(undisturbed: tuple[Run, str]) -> None:
    run, said = undisturbed
    assert "Pareto front" in said
    assert f"mlflow ui --backend-store-uri sqlite:///{run.storage / 'mlflow.db'}" in said
    assert (run.folder / "pareto.png").stat().st_size > 10_000
    best = json.loads((run.folder / "best.json").read_text())
    assert best["ap"] == run.table()["ap"].max()
    assert best["ap_untrained"] is not None


def test_a_finished_run_again_does_nothing_twice(undisturbed: tuple[Run, str]) -> None:
    run, _ = undisturbed
    before = {part: part.stat().st_mtime_ns for part in run.parts}
    assert "done before" in run.finish()
    assert {part: part.stat().st_mtime_ns for part in run.parts} == before


def test_a_killed_run_continues_and_ends_like_an_undisturbed_one(
    undisturbed: tuple[Run, str], checkout: Path, tmp_path: Path
) -> None:
    """SIGKILL of the driver after its first row; then the same command, on one slot instead of two."""
    run = Run(checkout, tmp_path)
    process = run.start("--resources.slots", "1")
    deadline = time.monotonic() + WAIT_S
    while not run.parts and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=WAIT_S)
    done = {part: part.stat().st_mtime_ns for part in run.parts}
    assert 0 < len(done) < TRIALS

    run.finish("--resources.slots", "1")
    assert {part: part.stat().st_mtime_ns for part in done} == done
    pd.testing.assert_frame_equal(run.table()[SCORES], undisturbed[0].table()[SCORES])
    weights, expected = (load_file(one.folder / "supernet.safetensors") for one in (run, undisturbed[0]))
    assert weights.keys() == expected.keys()  # the files themselves differ in the order of their metadata
    assert all(torch.equal(weights[name], expected[name]) for name in expected)

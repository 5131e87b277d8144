"""A subnet trained alone, then finetuned on PoseTrack18's joints, by one command with real Ray workers."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mlflow
import pytest
import torch

from spaces.registry import build_space
from spaces.space import SearchSpace
from workers.data.skeleton import COCO17, POSETRACK17
from workers.weights.joints import with_joints_of
from workers.weights.safetensors import load_network, load_weights, read_architecture, read_joints

STAGES = ("data", "spatial_train", "spatial_retrain", "spatial_finetune")
WAIT_S = 240
EPOCHS: dict[str, Any] = {
    "train.epochs": 2, "train.validate-every-epochs": 1, "retrain.epochs": 1, "finetune.epochs": 1,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Run:
    """A run of recipe tiny that searches nothing, in a process of its own."""

    checkout: Path
    storage: Path
    chosen: Path

    @property
    def folder(self) -> Path:
        return self.storage / "tiny"

    @property
    def arguments(self) -> list[str]:
        chosen = {"retrain.architecture": self.chosen, "retrain.start": "slice"}
        fields = EPOCHS | chosen | {"storage": self.storage}
        return [word for name, value in fields.items() for word in (f"--{name}", str(value))]

    def finish(self, *stages: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "platform.search", "tiny", *self.arguments, "--stages", *stages],
            cwd=self.checkout, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=WAIT_S,
            env={name: value for name, value in os.environ.items() if not name.startswith("RAY_")},
            check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout
        return done.stdout


@pytest.fixture(scope="module")
def space() -> SearchSpace:
    return build_space("mobilenetv3-small", 17, (64, 64))


@pytest.fixture(scope="module")
def finished(
    checkout: Path, space: SearchSpace, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Run, str]:
    folder = tmp_path_factory.mktemp("retraining")
    (folder / "chosen.json").write_text(space.smallest().to_json())
    run = Run(checkout, folder, folder / "chosen.json")
    return run, run.finish(*STAGES)


def test_the_chosen_subnet_is_trained_scored_and_written(
    finished: tuple[Run, str], space: SearchSpace
) -> None:
    run, said = finished
    summary = json.loads((run.folder / "network.json").read_text())
    assert summary["key"] == space.smallest().key
    assert summary["gmacs"] == pytest.approx(space.cost(space.smallest()).gmacs)
    assert 0 <= summary["ap"] <= 1
    assert (summary["start"], summary["epochs"]) == ("slice", 1)
    path = run.folder / "network.safetensors"
    found, architecture = read_architecture(path)
    assert (found.name, found.input_hw, architecture) == (space.name, space.input_hw, space.smallest())
    assert read_joints(path) == COCO17.names
    network = load_network(path, space, architecture)
    assert torch.isfinite(network(torch.randn(1, 3, 64, 64))).all()
    assert f"spatial_retrain: {architecture.key} from slice, AP" in said


def test_the_finetuned_network_has_posetracks_joints(finished: tuple[Run, str], space: SearchSpace) -> None:
    run, _ = finished
    path = run.folder / "finetuned.safetensors"
    assert read_joints(path) == POSETRACK17.names
    summary = json.loads((run.folder / "finetuned.json").read_text())
    assert summary["start"].endswith("network.safetensors")
    before, after = (load_weights(one, {}) for one in (run.folder / "network.safetensors", path))
    started = with_joints_of(before, COCO17.names, POSETRACK17.names)["final.weight"]
    moved = (after["final.weight"] - started).abs().max()
    assert 0 < moved < 1e-3  # a few of Adam's steps at a rate of 1e-4


def test_the_supernets_subnets_are_scored_meanwhile_and_charted(finished: tuple[Run, str]) -> None:
    run, said = finished
    client = mlflow.MlflowClient(f"sqlite:///{run.storage / 'mlflow.db'}")
    experiment = client.get_experiment_by_name("vipnas")
    assert experiment is not None
    (parent,) = client.search_runs([experiment.experiment_id])
    for name in ("biggest", "smallest", "random"):
        curve = client.get_metric_history(parent.info.run_id, f"val/ap_{name}")
        assert len(curve) == EPOCHS["train.epochs"]
        assert all(0 <= point.value <= 1 for point in curve)
    assert "epoch 2: AP of the biggest subnet" in said
    charted = parent.data.metrics.keys()
    assert charted >= {"train/loss_biggest", "spatial_retrain/loss", "spatial_finetune/loss"}

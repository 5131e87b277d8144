"""What a whole run leaves of a subnet trained alone and then finetuned on PoseTrack18's joints."""

from __future__ import annotations

import json

import mlflow
import pytest
import torch

from spaces.registry import build_space
from spaces.space import SearchSpace
from tests.end_to_end.tiny_run import TinyRun
from workers.data.skeleton import COCO17, POSETRACK17
from workers.weights.joints import with_joints_of
from workers.weights.safetensors import load_network, load_weights, read_architecture, read_joints

EPOCHS = 2


@pytest.fixture(scope="module")
def space() -> SearchSpace:
    return build_space("mobilenetv3-small", 17, (64, 64))


def test_the_chosen_subnet_is_trained_scored_and_written(
    whole_run: tuple[TinyRun, str], space: SearchSpace
) -> None:
    run, said = whole_run
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


def test_the_finetuned_network_has_posetracks_joints(
    whole_run: tuple[TinyRun, str], space: SearchSpace
) -> None:
    run, _ = whole_run
    path = run.folder / "finetuned.safetensors"
    assert read_joints(path) == POSETRACK17.names
    summary = json.loads((run.folder / "finetuned.json").read_text())
    assert summary["start"].endswith("network.safetensors")
    before, after = (load_weights(one, {}) for one in (run.folder / "network.safetensors", path))
    started = with_joints_of(before, COCO17.names, POSETRACK17.names)["final.weight"]
    moved = (after["final.weight"] - started).abs().max()
    assert 0 < moved < 1e-3  # a few of Adam's steps at a rate of 1e-4


def test_the_supernets_subnets_are_scored_meanwhile_and_charted(whole_run: tuple[TinyRun, str]) -> None:
    run, said = whole_run
    client = mlflow.MlflowClient(f"sqlite:///{run.storage / 'mlflow.db'}")
    experiment = client.get_experiment_by_name("vipnas")
    assert experiment is not None
    runs = client.search_runs([experiment.experiment_id])
    (parent,) = [one for one in runs if "mlflow.parentRunId" not in one.data.tags]
    for name in ("biggest", "smallest", "random"):
        curve = client.get_metric_history(parent.info.run_id, f"val/ap_{name}")
        assert len(curve) == EPOCHS
        assert all(0 <= point.value <= 1 for point in curve)
    assert "epoch 2: AP of the biggest subnet" in said
    charted = parent.data.metrics.keys()
    assert charted >= {"train/loss_biggest", "spatial_retrain/loss", "spatial_finetune/loss"}

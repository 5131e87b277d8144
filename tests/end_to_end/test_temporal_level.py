"""The temporal level by one command with real Ray workers, from a key frame's network and synthetic clips."""

from __future__ import annotations

import json
from pathlib import Path

import mlflow
import pytest
import torch

from platform.comparison.scores import score_run
from spaces.registry import build_space
from spaces.temporal.from_spatial import start_from_spatial
from tests.end_to_end.drivers import by_command
from tests.end_to_end.environment import this_environment
from workers.data.skeleton import POSETRACK17
from workers.weights.allocation import load_allocation
from workers.weights.key_frame import read_key_frame
from workers.weights.safetensors import save_network
from workers.weights.temporal_supernet import load_temporal_supernet

FILES = ("allocation", "allocation_retrained")
SPACE = build_space("mobilenetv3-small", len(POSETRACK17.names), (64, 64))


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """Typed in a folder of its own with its default storage, which is a relative path."""
    storage, biggest = tmp_path_factory.mktemp("temporal") / "runs", SPACE.biggest()
    storage.mkdir()
    torch.manual_seed(0)
    network = SPACE.network(biggest)
    save_network(storage / "key.safetensors", network, SPACE, biggest, POSETRACK17.names)
    fields = ("--temporal.key-frame", "runs/key.safetensors", "--temporal.epochs", "1")
    stages = ("data", "temporal_train", "temporal_search", "temporal_retrain", "report")
    with by_command(
        this_environment(), "tiny-video", "--stages", *stages,
        *fields, log=storage / "log", cwd=storage.parent,
    ) as driver:  # fmt: skip
        return storage, driver.finish()


def test_the_supernet_is_written_with_its_key_frame_and_has_learnt(finished: tuple[Path, str]) -> None:
    storage, _ = finished
    key_frame = read_key_frame(storage / "key.safetensors", POSETRACK17.names)
    found = load_temporal_supernet(storage / "tiny-video" / "temporal_supernet.safetensors")
    assert (found.space, found.trained_frames) == (key_frame.temporal(), 3)
    assert found.joints == POSETRACK17.names
    begun = start_from_spatial(found.space, found.space.supernet(), key_frame.weights, seed=0).state_dict()
    moved = {name for name, weight in found.weights.items() if not torch.equal(weight, begun[name])}
    assert "cnn.final.weight" in moved
    assert any(name.startswith("fusions.") for name in moved)
    assert all(torch.isfinite(weight).all() for weight in found.weights.values())


def test_losses_of_three_kinds_are_shown_and_charted_with_t_in_a_tag(finished: tuple[Path, str]) -> None:
    storage, said = finished
    assert "temporal_train: starts on 2 workers" in said
    assert "T = 3" in said
    client = mlflow.MlflowClient(f"sqlite:///{storage / 'mlflow.db'}")
    experiment = client.get_experiment_by_name("vipnas")
    assert experiment is not None
    runs = client.search_runs([experiment.experiment_id])
    (parent,) = (each for each in runs if "mlflow.parentRunId" not in each.data.tags)
    assert len(runs) == 1 + 6  # a child for each allocation that was scored
    assert parent.data.tags["vipnas.trained_frames"] == "3"
    charted = parent.data.metrics
    for name in ("biggest", "smallest", "random"):
        assert charted[f"temporal_train/loss_{name}"] > 0
        assert 0 <= charted[f"temporal_train/val/ap_{name}"] <= 1


def test_the_found_networks_are_trained_alone_from_their_slices(finished: tuple[Path, str]) -> None:
    folder = finished[0] / "tiny-video"
    found, alone = (load_allocation(folder / f"{name}.safetensors") for name in FILES)
    assert alone.allocation == found.allocation
    for before, after in zip(found.weights, alone.weights, strict=True):
        assert before.keys() == after.keys()
        assert not torch.equal(before["cnn.final.weight"], after["cnn.final.weight"])
        assert all(torch.isfinite(weight).all() for weight in after.values())
    for name, fixed in found.key_frame.weights.items():
        assert torch.equal(alone.key_frame.weights[name], fixed), name


def test_the_run_ends_with_an_allocation_frame_by_frame_with_the_figures_of_its_file(
    finished: tuple[Path, str],
) -> None:
    storage, said = finished
    folder = storage / "tiny-video"
    figures = json.loads((folder / "allocation_retrained.json").read_text())
    said_last = said[said.index("temporal_retrain: allocation") :]
    for word in ("key frame", "t+1", "t+3", "trained alone; with the T supernet's weights"):
        assert word in said_last
    for frame in figures["frames"]:
        assert f"{frame['gmacs']:.4f}" in said_last
        assert f"{100 * frame['ap']:.1f}" in said_last
    assert f"{figures['gmacs']:.4f} GMACs a frame on average" in said_last
    for picture in ("allocation.png", "pareto_allocations.png"):
        assert (folder / picture).read_bytes().startswith(b"\x89PNG")


def test_scored_again_from_its_file_it_has_the_ap_that_was_written(finished: tuple[Path, str]) -> None:
    """By the way of predicting a video, which is not that of the stage."""
    storage, _ = finished
    folder = storage / "tiny-video"
    (scored, *_) = score_run(folder)
    figures = json.loads((folder / "allocation_retrained.json").read_text())
    assert scored.entry.ap == pytest.approx(100 * figures["ap_all"], abs=1e-6)
    assert scored.entry.gmacs == pytest.approx(figures["gmacs"])

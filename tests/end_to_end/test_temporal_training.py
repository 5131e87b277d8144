"""The T supernet trained by one command with real Ray workers, from a key frame's network and made clips."""

from __future__ import annotations

from pathlib import Path

import mlflow
import pytest
import torch

from spaces.registry import build_space
from spaces.temporal.from_spatial import start_from_spatial
from tests.end_to_end.drivers import by_command
from tests.end_to_end.environment import this_environment
from workers.data.skeleton import POSETRACK17
from workers.weights.key_frame import read_key_frame
from workers.weights.safetensors import save_network
from workers.weights.temporal_supernet import load_temporal_supernet

SPACE = build_space("mobilenetv3-small", len(POSETRACK17.names), (64, 64))


@pytest.fixture(scope="module")
def finished(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    storage, biggest = tmp_path_factory.mktemp("temporal"), SPACE.biggest()
    torch.manual_seed(0)
    network = SPACE.network(biggest)
    save_network(storage / "key.safetensors", network, SPACE, biggest, POSETRACK17.names)
    fields = ("--temporal.key-frame", storage / "key.safetensors", "--temporal.epochs", "1")
    with by_command(
        this_environment(), "tiny-video", "--stages", "data", "temporal_train",
        "--storage", storage, *fields, log=storage / "log", cwd=checkout,
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
    (parent,) = client.search_runs([experiment.experiment_id])
    assert parent.data.tags["vipnas.trained_frames"] == "3"
    charted = parent.data.metrics
    for name in ("biggest", "smallest", "random"):
        assert charted[f"temporal_train/loss_{name}"] > 0
        assert 0 <= charted[f"temporal_train/val/ap_{name}"] <= 1

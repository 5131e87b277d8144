"""A training of a real run that begins with a file's weights, by its command."""

from __future__ import annotations

from pathlib import Path

import torch

from spaces.extract import extract
from spaces.registry import build_space
from tests.end_to_end.environment import this_environment
from tests.end_to_end.tiny_run import TinyRun
from tests.workers.weights.filling import fill
from workers.weights.released import to_released, write_checkpoint
from workers.weights.safetensors import load_supernet

SPACE = build_space("mobilenetv3-small", 17, (64, 64))
SMALLEST = SPACE.smallest()
STILL = ("--train.learning-rate", "1e-20", "--train.epochs", "1")  # it stays where it began
ONE_WORKER = ("--resources.cpus", "1", "--resources.train-workers", "1", "--resources.slots", "1")


def test_a_supernet_begins_with_a_released_network_and_no_other_file_continues_it(
    tmp_path: Path,
) -> None:
    network = fill(SPACE.network(SMALLEST))
    write_checkpoint(tmp_path / "theirs.pth", to_released(network, SMALLEST))
    typed = ("--stages", "data", "spatial_train", "--train.init", "theirs.pth", *STILL, *ONE_WORKER)
    run = TinyRun(this_environment(), tmp_path, tmp_path / "runs")

    said = run.finish(*typed)

    assert f"spatial_train: init: 72 of 183 tensors loaded from {tmp_path / 'theirs.pth'}, 111 not" in said
    supernet = SPACE.supernet()
    supernet.load_state_dict(load_supernet(run.supernet, SPACE))
    sliced = extract(SPACE, supernet, SMALLEST)
    for name, weight in network.named_parameters():
        assert torch.allclose(sliced.get_parameter(name), weight, rtol=0, atol=1e-12), name

    write_checkpoint(tmp_path / "theirs.pth", to_released(fill(network, seed=1), SMALLEST))
    again = this_environment().run(
        this_environment().python, "-m", "platform.search", "tiny", *typed, cwd=tmp_path
    )
    assert again.returncode == 2
    assert "was started with other first weights (train.init: a file of SHA-256" in again.stdout

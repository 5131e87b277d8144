"""Two real processes over gloo against one process that works out both shares."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest
import torch

from workers.data.coco import read_people
from workers.data.normalise import to_input
from workers.training.ranks import Ranks
from workers.training.sandwich import sandwich_at, sandwich_backward
from workers.training.supernet_training import SupernetTraining

SCRIPT = Path(__file__).with_name("two_ranks.py")


@pytest.fixture(scope="module")
def two_ranks() -> ModuleType:
    spec = spec_from_file_location("two_ranks", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("batch_size", [8, 7])  # equal and unequal shares
def test_two_workers_reduce_to_the_mean_over_the_global_batch(
    two_ranks: ModuleType, made_root: Path, tmp_path: Path, checkout: Path, batch_size: int
) -> None:
    outs = [tmp_path / f"rank{rank}.pt" for rank in (0, 1)]
    ranks = [
        subprocess.Popen(
            [sys.executable, SCRIPT, str(rank), tmp_path / "meeting", made_root, out, str(batch_size)],
            cwd=checkout,
            env={"PYTHONPATH": str(checkout)},
        )
        for rank, out in enumerate(outs)
    ]
    assert [process.wait(timeout=120) for process in ranks] == [0, 0]
    first, second = (torch.load(out, weights_only=True) for out in outs)

    people = read_people(made_root, "train2017")
    alone = SupernetTraining(two_ranks.task(batch_size), people, Ranks())
    for rank in (0, 1):
        with alone.data.batches(5, 0, batch_size, rank, 2) as batches:
            batch = next(batches)
        sandwich_backward(
            alone.supernet,
            sandwich_at(alone.space, 5, 0, 2),
            to_input(batch.images),
            torch.from_numpy(batch.targets),
            torch.from_numpy(batch.weights),
            scale=batch.share,
        )
    expected = {n: p.grad for n, p in alone.supernet.named_parameters() if p.grad is not None}
    assert expected.keys() == first["gradients"].keys() == second["gradients"].keys()
    for name, gradient in expected.items():
        torch.testing.assert_close(first["gradients"][name], gradient, rtol=1e-4, atol=1e-5)
        assert torch.equal(first["gradients"][name], second["gradients"][name])
    assert max(gradient.abs().max().item() for gradient in expected.values()) > 1e-3
    for name, weight in first["weights"].items():
        assert torch.equal(weight, second["weights"][name])


def test_a_lone_worker_leaves_figures_as_they_are() -> None:
    assert Ranks().mean(1.5, 2.0) == [1.5, 2.0]

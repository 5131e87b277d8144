"""Trainings on several processes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.forks import FORKS
from tests.workers.training.some_ranks import write_trained
from workers.data.synthetic.config import SyntheticConfig
from workers.data.synthetic.dataset import write_synthetic_dataset
from workers.training.parallel.ranks import Ranks

Trained = dict[str, Any]


@pytest.fixture(scope="session")
def clips_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small synthetic data set with eight training clips of three frames."""
    config = SyntheticConfig(clips=5, frames_per_clip=3, people_per_clip=2, width_px=160, height_px=120)
    return write_synthetic_dataset(tmp_path_factory.mktemp("clips") / "data", config)


@pytest.fixture
def on_ranks(synthetic_root: Path, tmp_path: Path) -> Callable[..., list[Trained]]:
    """What each of so many processes trained, on `data` or the data set that all tests share."""

    def run(world_size: int, data: Path = synthetic_root, **options: Any) -> list[Trained]:
        outs = [tmp_path / f"rank{rank}.pt" for rank in range(world_size)]
        places = [(Ranks(rank, world_size), tmp_path / "meeting", data, out) for rank, out in enumerate(outs)]
        processes = [FORKS.Process(target=write_trained, args=place, kwargs=options) for place in places]
        for process in processes:
            process.start()
        for process in processes:
            process.join(120)
        assert [process.exitcode for process in processes] == [0] * world_size
        return [torch.load(out, weights_only=True) for out in outs]

    return run

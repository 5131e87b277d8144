from __future__ import annotations

import pytest

from workers.training.config import TrainConfig
from workers.training.loops.schedule import learning_rate


def test_the_papers_rate_drops_tenfold_at_epochs_200_and_230() -> None:
    config = TrainConfig(warmup_steps=0)
    at_epoch = {epoch: learning_rate(config, epoch * 10, 10) for epoch in (0, 199, 200, 229, 230, 249)}
    expected = {0: 1e-3, 199: 1e-3, 200: 1e-4, 229: 1e-4, 230: 1e-5, 249: 1e-5}
    assert at_epoch == pytest.approx(expected)


def test_warm_up_rises_linearly_and_reaches_the_rate_at_its_last_step() -> None:
    config = TrainConfig(warmup_steps=4)
    assert [learning_rate(config, step, 10) for step in range(5)] == pytest.approx(
        [0.25e-3, 0.5e-3, 0.75e-3, 1e-3, 1e-3]
    )


def test_cosine_starts_at_the_rate_halves_it_midway_and_ends_near_zero() -> None:
    config = TrainConfig(epochs=10, warmup_steps=0, decay="cosine")
    assert learning_rate(config, 0, 10) == pytest.approx(1e-3)
    assert learning_rate(config, 50, 10) == pytest.approx(0.5e-3)
    assert learning_rate(config, 99, 10) < 1e-6

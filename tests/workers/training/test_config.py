from __future__ import annotations

import math
import re
from typing import Any

import pytest

from spaces.errors import BoundError
from workers.training.config import TrainConfig


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("epochs", 0),
        ("batch_size", 0),
        ("learning_rate", 0.0),
        ("random_subnets", -1),
        ("validate_every_epochs", -1),
        ("learning_rate", math.nan),
        ("max_grad_norm", math.inf),
        ("truth_weight", -0.5),
        ("drop_epochs", (-1,)),
    ],
)
def test_a_recipe_that_cannot_train_is_refused_by_name(field: str, value: Any) -> None:
    with pytest.raises(BoundError, match=rf"^TrainConfig\.{field} must be .* it is {re.escape(str(value))}$"):
        TrainConfig(**{field: value})


def test_the_defaults_are_the_papers_recipe() -> None:
    config = TrainConfig()
    assert (config.epochs, config.learning_rate, config.drop_epochs) == (250, 1e-3, (200, 230))
    assert (config.random_subnets, config.init_sigma) == (2, 0.001)
    assert (config.augmentation.rotation_deg, config.augmentation.flip_probability) == (40.0, 0.5)
    assert config.truth_weight == config.soft_weight

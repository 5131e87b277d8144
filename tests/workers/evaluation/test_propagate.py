from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from spaces.initialise import initialise
from spaces.registry import build_space
from spaces.temporal.temporal_space import TemporalSpace
from workers.data.normalise import to_input
from workers.errors import TrainingError
from workers.evaluation.propagate import predict_heatmaps, recalibrate_on
from workers.evaluation.recalibrate import recalibrate

INPUT_HW = (64, 32)
RNG = np.random.default_rng(0)
IMAGES = RNG.integers(0, 256, (5, *INPUT_HW, 3), np.uint8)
BEFORE = RNG.random((5, 17, 16, 8), np.float32) ** 32  # near 0 but for peaks, as heatmaps are


@pytest.fixture
def network() -> nn.Module:
    spatial = build_space("mobilenetv3-small", 17, INPUT_HW)
    temporal = TemporalSpace(spatial, spatial.biggest())
    return initialise(temporal.network(temporal.sample(np.random.default_rng(3))), seed=0, sigma=0.2)


def plainly(network: nn.Module) -> np.ndarray:
    """What the network says of all images, as it is."""
    with torch.no_grad():
        heatmaps: np.ndarray = network.eval()(to_input(IMAGES), torch.from_numpy(BEFORE)).numpy()
    return heatmaps


@pytest.mark.parametrize("batch_size", [5, 2])
def test_the_heatmaps_passed_on_are_those_of_the_recalibrated_network(
    network: nn.Module, batch_size: int
) -> None:
    passed_on = recalibrate_on(network, IMAGES, BEFORE, batch_size, propagate=True)
    assert passed_on is not None
    assert np.allclose(passed_on, plainly(network), rtol=1e-5, atol=1e-6)
    assert passed_on.std() > 1e-3


def test_one_batch_is_seen_once_and_none_more_than_needed(network: nn.Module) -> None:
    seen: list[int] = []
    network.register_forward_pre_hook(lambda _, inputs: seen.append(len(inputs[0])))
    for batch_size, propagate, expected in ((5, True, [5]), (3, True, [2, 3, 2, 3]), (3, False, [2, 3])):
        seen.clear()
        recalibrate_on(network, IMAGES, BEFORE, batch_size, propagate=propagate)
        assert seen == expected


def test_recalibrating_without_heatmaps_is_what_a_spatial_network_gets() -> None:
    space = build_space("mobilenetv3-small", 17, INPUT_HW)
    one, other = (initialise(space.network(space.biggest()), seed=0, sigma=0.2) for _ in range(2))
    recalibrate_on(one, IMAGES, None, 2, propagate=False)
    recalibrate(other, IMAGES, 2)
    for tensor, expected in zip(one.state_dict().values(), other.state_dict().values(), strict=True):
        assert torch.equal(tensor, expected)


def test_predicted_heatmaps_are_the_networks_on_the_first_rows_of_those_before(network: nn.Module) -> None:
    recalibrate_on(network, IMAGES, BEFORE, 5, propagate=False)
    predicted = predict_heatmaps(network, IMAGES[:3], BEFORE, batch_size=2)
    expected = plainly(network)[:3]
    rounding = 1e-4 * expected.std()  # of folding; where a heatmap is near zero it is no smaller
    assert np.allclose(predicted, expected, rtol=0, atol=rounding)
    assert not np.allclose(predicted, predict_heatmaps(network, IMAGES[:3], BEFORE[1:], batch_size=2))


def test_heatmaps_that_are_not_finite_are_refused(network: nn.Module) -> None:
    with pytest.raises(TrainingError, match="heatmaps must be finite"):
        predict_heatmaps(network, IMAGES, np.full_like(BEFORE, np.nan), batch_size=5)

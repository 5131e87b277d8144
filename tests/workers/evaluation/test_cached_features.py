"""A network started from cached features against the same network started from images: equal bits."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from spaces.initialise import initialise
from spaces.temporal.allocation import FrameChoice, Fusion
from tests.spaces.temporal.examples import BACKBONES, INPUT_HW, KEYPOINTS, temporal_space
from workers.evaluation.cached_features import CachedFeatures, features_behind, started_from
from workers.evaluation.propagate import predict_heatmaps, recalibrate_on

RNG = np.random.default_rng(0)
RECALIBRATION, CROPS = (RNG.integers(0, 256, (count, *INPUT_HW, 3), np.uint8) for count in (5, 3))
BEFORE = RNG.random((5, KEYPOINTS, INPUT_HW[0] // 4, INPUT_HW[1] // 4), np.float32)


class Bytes(nn.Module):
    """The first red byte of each image, then a BatchNorm."""

    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(1, eps=0)

    def forward(self, x: Tensor) -> Tensor:
        result: Tensor = self.norm(x[:, :1] * 58.395 + 123.675)
        return result


def grey(*values: int) -> np.ndarray:
    return np.broadcast_to(np.array(values, np.uint8)[:, None, None, None], (len(values), 2, 1, 3))


def test_four_grey_images_in_two_batches_and_a_fifth_by_hand() -> None:
    """0, 10, 20 and 50: means 5 and 35, deviations 5 and 15 by batch; together 20, and 350 as variance."""
    part = nn.Sequential(Bytes())
    cached = features_behind(
        part, CachedFeatures(grey(0, 10, 20, 50), grey(0, 10, 20, 50), grey(60)), batch_size=2
    )
    for features, expected in (
        (cached.recalibration, [-1, 1, -1, 1]),
        (cached.recalibrated, np.array([-20, -10, 0, 30]) / 350**0.5),
        (cached.crops, [40 / 350**0.5]),
    ):
        assert isinstance(features, Tensor)
        assert np.allclose(features[:, 0, 0, 0].numpy(), expected, atol=1e-5)
    assert [float(each) for each in cached.statistics[0]] == pytest.approx([20, 350, 0], abs=1e-3)
    assert cached.bytes == (4 + 4 + 1) * 2 * 4
    assert (
        features_behind(part, CachedFeatures(grey(0, 10), grey(0, 10), grey(60)), 2).bytes == (2 + 1) * 2 * 4
    )


def outcome(network: nn.Module, cached: CachedFeatures, batch_size: int) -> list[Tensor]:
    """All that comes of a frame: heatmaps passed on and predicted, and the weights with their statistics."""
    passed_on = recalibrate_on(
        network, cached.recalibration, BEFORE, batch_size, propagate=True, again=cached.recalibrated
    )
    assert passed_on is not None
    predicted = predict_heatmaps(network, cached.crops, BEFORE, batch_size)
    return [torch.from_numpy(passed_on), torch.from_numpy(predicted)]


def weights(network: nn.Module) -> list[Tensor]:
    return [tensor.clone() for tensor in network.state_dict().values()]


@pytest.mark.parametrize("batch_size", [5, 2])
@pytest.mark.parametrize("name", BACKBONES)
def test_what_starts_behind_any_inlet_gives_what_starts_from_images(name: str, batch_size: int) -> None:
    space = temporal_space(name)
    choice = FrameChoice(space.cnn.sample(np.random.default_rng(3)), Fusion(1, "cat"))
    network = initialise(space.network(choice), seed=0, sigma=0.2)
    plain = CachedFeatures(RECALIBRATION, RECALIBRATION, CROPS)
    expected = [*outcome(network, plain, batch_size), *weights(network)]

    parts, choices, cached = space.first_parts(network), space.cnn.parts(choice.architecture), plain
    assert len(parts) == len(space.cnn.inlets) > 0
    for part, inlet in zip(parts, space.cnn.inlets, strict=True):
        cached = features_behind(part, cached, batch_size)
        assert isinstance(cached.crops, Tensor)
        before = cached.crops.clone()
        assert before[0].numel() == inlet.outputs * choices[inlet.part].width * inlet.pixels
        for _ in range(2):  # the second time shows whether the first has written to the features
            forget_statistics(network)
            with started_from(parts, cached):
                found = outcome(network, cached, batch_size)
            assert all(map(torch.equal, [*found, *weights(network)], expected))
        assert torch.equal(before, cached.crops)
    again = [*outcome(network, plain, batch_size), *weights(network)]
    assert all(map(torch.equal, again, expected))


def forget_statistics(network: nn.Module) -> None:
    for name, buffer in network.named_buffers():
        if "running" in name:
            buffer.fill_(7.0)


def test_a_network_is_whole_again_after_an_error() -> None:
    network = nn.Sequential(Bytes())
    cached = features_behind(network, CachedFeatures(grey(0, 10), grey(0, 10), grey(60)), batch_size=2)
    with started_from([network], cached):
        assert network(torch.zeros(1, 3, 2, 1)).shape == (1, 3, 2, 1)
    with pytest.raises(ZeroDivisionError), started_from([network], cached):
        1 / 0  # noqa: B018
    assert network(torch.zeros(1, 3, 2, 1)).shape == (1, 1, 2, 1)

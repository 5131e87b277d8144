from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from spaces.extract import extract
from spaces.initialise import initialise
from spaces.layers.conv_norm import ConvNorm
from spaces.layers.deconv_norm import DeconvNorm
from spaces.registry import SPACES, build_space
from workers.evaluation.fold import norms_folded
from workers.evaluation.recalibrate import recalibrate

HW = (64, 64)


def test_a_folded_convolution_by_hand() -> None:
    """2x, mean 3, variance 4, scale 5, shift 7: (2x - 3) / 2 * 5 + 7 is 5x - 0.5; x = 1 gives 4.5."""
    unit = ConvNorm(1, 1, 1, act="identity").eval()
    unit.norm.eps = 0
    assert unit.norm.running_mean is not None
    assert unit.norm.running_var is not None
    with torch.no_grad():
        unit.conv.weight.fill_(2)
        for tensor, number in zip(
            (unit.norm.running_mean, unit.norm.running_var, unit.norm.weight, unit.norm.bias), (3, 4, 5, 7),
            strict=True,
        ):  # fmt: skip
            tensor.fill_(number)
    with norms_folded(unit), torch.inference_mode():
        assert unit.conv.weight.item() == 5
        assert unit(torch.ones(1, 1, 1, 1)).item() == 4.5
    assert unit.conv.weight.item() == 2
    assert unit.conv.bias is None


@pytest.mark.parametrize("groups", [1, 2, 6])
def test_a_grouped_deconvolution_counts_its_channels_by_group(groups: int) -> None:
    torch.manual_seed(0)
    unit = DeconvNorm(6, 12, 4, groups).eval()
    with torch.no_grad():
        for tensor in (*unit.norm.parameters(), unit.norm.running_mean, unit.norm.running_var):
            assert tensor is not None
            tensor.uniform_(0.5, 2)
    x = torch.randn(2, 6, 5, 5)
    with torch.inference_mode():
        expected = unit(x)
        with norms_folded(unit):
            torch.testing.assert_close(unit(x), expected)


@pytest.mark.parametrize("name", SPACES)
def test_every_network_gives_the_same_heatmaps_and_is_as_it_was_afterwards(name: str) -> None:
    space = build_space(name, 17, HW)
    supernet = initialise(space.supernet(), seed=0, sigma=0.05)
    network = extract(space, supernet, space.smallest())
    images = np.random.default_rng(0).integers(0, 256, (4, *HW, 3), np.uint8)
    recalibrate(network, images, 4)
    before = {key: tensor.clone() for key, tensor in network.state_dict().items()}
    x = torch.randn(2, 3, *HW)
    with torch.inference_mode():
        expected = network(x)
        assert expected.std() > 1e-3
        with norms_folded(network):
            assert not any(isinstance(module, nn.BatchNorm2d) for module in network.modules())
            assert (network(x) - expected).abs().max() < 2e-3 * expected.std()
    after = network.state_dict()
    assert before.keys() == after.keys()
    assert all(torch.equal(before[key], after[key]) for key in before)

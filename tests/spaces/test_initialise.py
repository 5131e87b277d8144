from __future__ import annotations

import torch
from torch import nn

from spaces.initialise import SIGMA, initialise
from spaces.layers.conv import ElasticConv2d
from tests.spaces.toy import toy


def test_convolutions_are_zero_mean_gaussian_with_the_papers_sigma() -> None:
    layer = ElasticConv2d(64, 128, 5)
    initialise(layer, seed=0)
    weight = layer.weight.detach()
    assert abs(float(weight.std()) / SIGMA - 1) < 0.01
    assert abs(float(weight.mean())) < SIGMA / 100


def test_norms_start_as_the_identity_and_biases_at_zero() -> None:
    supernet = initialise(toy().supernet(), seed=0)
    for name, parameter in supernet.named_parameters():
        if name.endswith("norm.weight"):
            assert (parameter == 1).all()
        elif name.endswith("bias"):
            assert (parameter == 0).all()


def test_one_seed_gives_the_same_weights_and_another_gives_others() -> None:
    first, again, other = (initialise(nn.Conv2d(3, 8, 3), seed).state_dict() for seed in (5, 5, 6))
    assert torch.equal(first["weight"], again["weight"])
    assert not torch.equal(first["weight"], other["weight"])

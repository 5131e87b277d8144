from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from spaces.initialise import initialise
from spaces.registry import build_space
from workers.training.loops.loss import heatmap_loss
from workers.training.loops.sandwich import Sandwich, sandwich_at, sandwich_backward

SPACE = build_space("mobilenetv3-small", keypoints=3, input_hw=(64, 32))


def supernet() -> nn.Module:
    return initialise(SPACE.supernet(), seed=1, sigma=0.1).train()


def batch() -> tuple[Tensor, Tensor, Tensor]:
    rng = torch.Generator().manual_seed(0)
    images, target = torch.randn(4, 3, 64, 32, generator=rng), torch.rand(4, 3, 16, 8, generator=rng)
    return images, target, torch.tensor([[1.0, 0.0, 1.0]]).expand(4, 3)


def gradients(network: nn.Module) -> dict[str, Tensor]:
    return {name: p.grad.clone() for name, p in network.named_parameters() if p.grad is not None}


def test_a_sandwich_is_a_function_of_seed_and_step() -> None:
    assert sandwich_at(SPACE, 3, 17, 2) == sandwich_at(SPACE, 3, 17, 2)
    drawn = {sandwich_at(SPACE, seed, step, 1).random[0].key for seed in range(3) for step in range(5)}
    assert len(drawn) > 10
    sandwich = sandwich_at(SPACE, 0, 0, 2)
    assert (sandwich.biggest, sandwich.smallest) == (SPACE.biggest(), SPACE.smallest())
    assert len(sandwich.random) == 2


def test_gradients_are_the_sum_of_every_subnets_own() -> None:
    """The biggest learns from the truth, the others half from it and half from the biggest's heatmaps."""
    images, target, weight = batch()
    sandwich = sandwich_at(SPACE, 0, 0, 2)

    network = supernet()
    soft = network(images, sandwich.biggest)
    heatmap_loss(soft, target, weight).backward()
    for architecture in (sandwich.smallest, *sandwich.random):
        predicted = network(images, architecture)
        truth = heatmap_loss(predicted, target, weight)
        taught = heatmap_loss(predicted, soft.detach(), weight)
        (0.5 * truth + 0.5 * taught).backward()
    expected = gradients(network)

    other = supernet()
    losses = sandwich_backward(other, sandwich, images, target, weight)
    found = gradients(other)
    assert found.keys() == expected.keys()
    for name, gradient in expected.items():
        torch.testing.assert_close(found[name], gradient, rtol=1e-4, atol=1e-7)
    assert losses[0].item() == pytest.approx(heatmap_loss(soft, target, weight).item())
    assert np.mean([gradient.abs().max().item() for gradient in found.values()]) > 1e-6


def test_the_biggest_is_not_pulled_towards_its_students() -> None:
    images, target, weight = batch()
    alone, among = supernet(), supernet()
    heatmap_loss(alone(images, SPACE.biggest()), target, weight).backward()
    only_biggest = Sandwich(SPACE.biggest(), SPACE.biggest(), ())
    sandwich_backward(among, only_biggest, images, target, weight, truth_weight=0.0, soft_weight=1.0)
    for name, gradient in gradients(alone).items():  # the student equals its teacher: it adds nothing
        torch.testing.assert_close(gradients(among)[name], gradient, rtol=1e-4, atol=1e-7)


def test_the_scale_multiplies_every_gradient() -> None:
    images, target, weight = batch()
    sandwich = sandwich_at(SPACE, 0, 1, 1)
    once, thrice = supernet(), supernet()
    sandwich_backward(once, sandwich, images, target, weight)
    sandwich_backward(thrice, sandwich, images, target, weight, scale=3.0)
    for name, gradient in gradients(once).items():
        torch.testing.assert_close(gradients(thrice)[name], 3 * gradient, rtol=1e-3, atol=1e-6)

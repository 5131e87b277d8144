"""What training needs of a slice: gradients that add up, and the memory format that is quick."""

from __future__ import annotations

import torch
from torch import nn

from spaces.layers.slicing import filters


def test_gradients_of_several_choices_add_up() -> None:
    shared = nn.Parameter(torch.zeros(3, 3, 3, 3))
    filters(shared, 2, 1, 1).sum().backward()
    filters(shared, 1, 2, 1).sum().mul(10).backward()

    expected = torch.zeros(3, 3, 3, 3)
    expected[:2, :1, 1, 1] += 1
    expected[:1, :2, 1, 1] += 10
    assert shared.grad is not None
    assert torch.equal(shared.grad, expected)


def test_the_gradient_is_right_to_the_second_order() -> None:
    weight = torch.randn(3, 2, 3, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    assert torch.autograd.gradgradcheck(lambda each: filters(each, 2, 1, 1) ** 3, weight.requires_grad_())


def test_a_channels_last_weight_and_its_gradient_stay_so() -> None:
    values = torch.ones(6, 4, 3, 3).contiguous(memory_format=torch.channels_last)
    shared = nn.Parameter(values)
    active = filters(shared, 4, 3, 3)
    active.square().sum().backward()
    assert active.is_contiguous(memory_format=torch.channels_last)
    assert shared.grad is not None
    assert shared.grad.is_contiguous(memory_format=torch.channels_last)

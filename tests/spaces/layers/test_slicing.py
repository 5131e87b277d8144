"""Which weights a choice takes (paper, section A.1): first filters, first inputs, the centred kernel."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from spaces.layers.slicing import filters, leading


def numbered(*shape: int) -> Tensor:
    return torch.arange(float(torch.Size(shape).numel())).reshape(shape)


def test_leading_takes_the_first_entries_of_the_first_dimension() -> None:
    assert leading(numbered(5), 3).tolist() == [0, 1, 2]
    assert leading(numbered(3, 2), 2).tolist() == [[0, 1], [2, 3]]


def test_filters_takes_the_first_filters_and_inputs_and_the_middle_of_the_kernel() -> None:
    weight = numbered(4, 3, 5, 5)
    part = filters(weight, 2, 1, 3)
    assert part.shape == (2, 1, 3, 3)
    assert part[0, 0].tolist() == [[6, 7, 8], [11, 12, 13], [16, 17, 18]]
    assert torch.equal(part[1, 0], weight[1, 0, 1:4, 1:4])


def test_an_even_kernel_is_centred_too() -> None:
    assert filters(numbered(1, 1, 4, 4), 1, 1, 2)[0, 0].tolist() == [[5, 6], [9, 10]]


def test_all_of_a_weight_is_the_weight_itself() -> None:
    weight = numbered(4, 3, 5, 5)
    assert filters(weight, 4, 3, 5) is weight
    assert leading(weight, 4) is weight


@pytest.mark.parametrize("kernel", [1, 3])
def test_the_gradient_reaches_what_was_taken_and_nothing_else(kernel: int) -> None:
    weight = torch.zeros(3, 2, 3, 3, requires_grad=True)
    filters(weight, 2, 1, kernel).sum().backward()
    margin = (3 - kernel) // 2
    expected = torch.zeros(3, 2, 3, 3)
    expected[:2, :1, margin : margin + kernel, margin : margin + kernel] = 1
    assert weight.grad is not None
    assert torch.equal(weight.grad, expected)

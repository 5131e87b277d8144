"""Costs worked out by hand."""

from __future__ import annotations

import pytest

from spaces.cost import Cost, conv_cost, conv_norm_cost, deconv_cost, norm_cost


def test_a_convolution_has_a_weight_for_every_filter_input_and_kernel_place() -> None:
    assert conv_cost(3, 16, 7, 1, pixels_out=128 * 96) == Cost(16 * 3 * 49, 16 * 3 * 49 * 12288)


def test_groups_divide_the_inputs_of_every_filter() -> None:
    assert conv_cost(80, 80, 3, 16, pixels_out=10) == Cost(80 * 5 * 9, 80 * 5 * 9 * 10)


def test_a_bias_has_parameters_and_no_macs() -> None:
    assert conv_cost(8, 4, 1, 1, pixels_out=5, bias=True) == Cost(8 * 4 + 4, 8 * 4 * 5)


def test_a_norm_has_a_scale_and_a_shift() -> None:
    assert norm_cost(24) == Cost(params=48)
    assert conv_norm_cost(4, 24, 1, 1, 7) == conv_cost(4, 24, 1, 1, 7) + norm_cost(24)


def test_a_transposed_convolution_is_counted_on_input_pixels_and_can_be_read_on_output_pixels() -> None:
    cost = deconv_cost(608, 144, 4, 16, pixels_in=8 * 6)
    assert cost == Cost(params=144 * 38 * 16, deconv_macs=144 * 38 * 16 * 48)
    assert cost.macs == 4_202_496
    assert cost.macs_on_output_pixels == 4 * 4_202_496


def test_costs_add_and_multiply_part_by_part() -> None:
    cost = Cost(1, 20, 300) + Cost(5, 60, 700) * 2
    assert cost == Cost(11, 140, 1700)
    assert (cost.macs, cost.macs_on_output_pixels) == (1840, 140 + 4 * 1700)
    assert Cost(conv_macs=2_500_000_000).gmacs == pytest.approx(2.5)

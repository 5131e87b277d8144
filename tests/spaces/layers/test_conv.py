"""The elastic convolution against plain ones with weights cut out by hand."""

from __future__ import annotations

import pytest
import torch

from spaces.layers.conv import ElasticConv2d
from spaces.layers.conv_norm import ConvNorm, ElasticConvNorm, activation
from spaces.layers.grouped import GroupedConv2d
from tests.spaces.counting import fill


@pytest.mark.parametrize(
    ("width_in", "out", "kernel", "groups", "stride"),
    [(8, 12, 5, 1, 1), (6, 4, 3, 2, 2), (8, 8, 1, 8, 1), (4, 6, 5, 2, 2), (8, 12, 3, 4, 1)],
)
def test_each_filter_keeps_its_first_inputs_and_centred_kernel(
    width_in: int, out: int, kernel: int, groups: int, stride: int
) -> None:
    elastic = fill(ElasticConv2d(8, 12, 5, stride=stride, bias=True))
    plain = GroupedConv2d(width_in, out, kernel, stride, kernel // 2, groups=groups)
    margin = (5 - kernel) // 2
    middle = slice(margin, 5 - margin)
    with torch.no_grad():
        plain.weight.copy_(elastic.weight[:out, : width_in // groups, middle, middle])
        plain.bias.copy_(elastic.bias[:out])  # type: ignore[union-attr, index]
    x = torch.randn(2, width_in, 9, 7)
    assert torch.equal(elastic(x, out, kernel, groups), plain(x))


def test_two_groups_by_hand() -> None:
    """Inputs 1, 10 | 100, 1000 and filters that count 1, 2 | 3, 4: outputs see their own group alone."""
    conv = ElasticConv2d(4, 4, 1)
    with torch.no_grad():
        conv.weight.copy_(torch.tensor([1.0, 2, 3, 4])[:, None, None, None].expand(4, 4, 1, 1))
    x = torch.tensor([1.0, 10, 100, 1000])[None, :, None, None]
    assert conv(x, 4, 1, groups=2).flatten().tolist() == [11, 22, 3300, 4400]
    assert conv(x, 2, 1, groups=1).flatten().tolist() == [1111, 2222]


@pytest.mark.parametrize(
    ("name", "values"),
    [("relu", [0.0, 0.0, 4.0]), ("hswish", [0.0, -0.375, 4.0]), ("identity", [-4.0, -1.5, 4.0])],
)
def test_activations_by_hand(name: str, values: list[float]) -> None:
    assert activation(name)(torch.tensor([-4.0, -1.5, 4.0])).tolist() == values


@pytest.mark.parametrize("training", [True, False])
def test_convolution_norm_and_activation_act_as_their_plain_twin(training: bool) -> None:
    elastic = fill(ElasticConvNorm(8, 12, 3, act="hswish")).train(training)
    plain = ConvNorm(8, 6, 3, groups=2, act="hswish").train(training)
    with torch.no_grad():
        plain.conv.weight.copy_(elastic.conv.weight[:6, :4])
        for name in ("weight", "bias", "running_mean", "running_var"):
            getattr(plain.norm, name).copy_(getattr(elastic.norm, name)[:6])
    x = torch.randn(4, 8, 5, 5)
    torch.testing.assert_close(elastic(x, 6, 3, 2), plain(x), rtol=0, atol=1e-6)

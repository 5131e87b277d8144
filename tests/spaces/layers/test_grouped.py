"""The fast grouped convolution against PyTorch's own."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional as F

from spaces.layers import grouped
from spaces.layers.grouped import GroupedConv2d, grouped_conv2d, packed

PACKED = [(2, 16, 32), (2, 4, 8), (4, 4, 16), (2, 8, 8)]  # channels of a group, groups, filters
LEFT = [(1, 8, 8), (8, 2, 16), (3, 4, 12), (2, 3, 6), (4, 3, 12)]


@pytest.mark.parametrize(("inputs", "groups", "out"), [*PACKED, *LEFT])
@pytest.mark.parametrize(("kernel", "stride"), [(3, 1), (5, 2), (1, 1)])
@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_output_and_gradients_are_those_of_the_plain_convolution(
    inputs: int, groups: int, out: int, kernel: int, stride: int, layout: torch.memory_format
) -> None:
    torch.manual_seed(0)
    x = torch.randn(2, inputs * groups, 9, 7).contiguous(memory_format=layout)
    weight = torch.randn(out, inputs, kernel, kernel)
    bias = torch.randn(out)
    leaves = [each.requires_grad_() for each in (x, weight, bias)]
    ours = grouped_conv2d(x, weight, bias, stride=stride, padding=kernel // 2, groups=groups)
    plain = F.conv2d(x, weight, bias, stride=stride, padding=kernel // 2, groups=groups)
    torch.testing.assert_close(ours, plain, rtol=0, atol=1e-5)
    into = torch.randn_like(plain)
    got, wanted = (torch.autograd.grad(output, leaves, into) for output in (ours, plain))
    for one, other in zip(got, wanted, strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=5e-5)


@pytest.mark.parametrize(
    ("inputs", "groups", "out", "computed"),
    [*((*each, each[1] * each[0] // 8) for each in PACKED), *((*each, each[1]) for each in LEFT)],
)
def test_groups_of_two_and_four_are_computed_by_eight_where_they_can(
    inputs: int, groups: int, out: int, computed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int] = []

    def conv2d(x: torch.Tensor, weight: torch.Tensor, bias: None, **rest: int) -> torch.Tensor:
        seen.append(rest["groups"])
        return x.new_zeros(len(x), len(weight), *x.shape[2:])

    monkeypatch.setattr(grouped.F, "conv2d", conv2d)
    grouped_conv2d(torch.zeros(1, inputs * groups, 4, 4), torch.zeros(out, inputs, 1, 1), groups=groups)
    assert seen == [computed]


def test_packed_weight_by_hand() -> None:
    """Two groups of two inputs and one filter each, together: each filter beside zeros for the other's."""
    weight = torch.tensor([[1.0, 2.0], [3.0, 4.0]])[:, :, None, None]
    assert packed(weight, groups=2, together=2).flatten(1).tolist() == [[1, 2, 0, 0], [0, 0, 3, 4]]


def test_an_exported_graph_has_the_convolution_as_it_was_asked_for() -> None:
    conv = GroupedConv2d(16, 16, 3, 1, 1, groups=8, bias=False).eval()
    program = torch.export.export(conv, (torch.randn(1, 16, 6, 6),))
    calls = [node for node in program.graph.nodes if node.op == "call_function"]
    assert [str(node.target) for node in calls] == ["aten.conv2d.default"]
    assert calls[0].args[-1] == 8

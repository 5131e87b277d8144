"""The bottleneck in both readings: ResNet-50's (width is the output) and HRNet's (width is the middle)."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from spaces.architecture import StageChoice
from spaces.blocks.bottleneck import BottleneckKind
from spaces.cost import Cost
from spaces.layers.attention import GC, SE
from spaces.ranges import GroupSteps, StageRange
from tests.spaces.counting import counted, fill

RESNET, HRNET = BottleneckKind(GC), BottleneckKind(SE, outputs=4)
CHOICE = StageChoice(depth=1, width=80, kernel=3, groups=16)
RANGE = StageRange(
    width=(64, 80), kernel=(3, 5), groups=GroupSteps(16, 64), attention=(False, True), expansion=(0.5, 1)
)
X = torch.randn(2, 48, 8, 6, generator=torch.Generator().manual_seed(0))


def test_the_first_block_of_the_released_network_costs_what_one_works_out() -> None:
    # 48 -> 80 on 64x48: 1x1, 3x3 of 16 groups of 5, 1x1, and the shortcut's 1x1; a BatchNorm behind each
    weights = 48 * 80 + 80 * 5 * 9 + 80 * 80 + 48 * 80
    assert RESNET.cost(48, CHOICE, 1, 3072, 3072) == Cost(weights + 4 * 160, conv_macs=weights * 3072)


def test_a_stride_costs_less_behind_the_middle_and_a_projection_even_at_equal_widths() -> None:
    reduce, others = 80 * 80, 80 * 5 * 9 + 80 * 80 + 80 * 80
    expected = Cost(reduce + others + 4 * 160, conv_macs=reduce * 3072 + others * 768)
    assert RESNET.cost(80, CHOICE, 2, 3072, 768) == expected


def test_equal_widths_and_resolution_need_no_projection() -> None:
    block = RESNET.plain(80, CHOICE, 1, "relu")
    assert isinstance(block.shortcut, nn.Identity)
    assert not isinstance(RESNET.plain(48, CHOICE, 1, "relu").shortcut, nn.Identity)


def test_the_middle_and_output_widths_follow_the_reading() -> None:
    quarter = StageChoice(depth=1, width=256, kernel=3, groups=1, expansion=0.25)
    resnet = RESNET.plain(64, quarter, 1, "relu")
    hrnet = HRNET.plain(64, StageChoice(depth=1, width=64, kernel=3, groups=1), 1, "relu")
    for block in (resnet, hrnet):
        assert block.middle.conv.weight.shape == (64, 64, 3, 3)
        assert block.restore.conv.weight.shape == (256, 64, 1, 1)


def test_attention_comes_before_the_shortcut_is_added() -> None:
    choice = StageChoice(depth=1, width=48, kernel=3, groups=16, attention=True)
    block = RESNET.plain(48, choice, 1, "relu")
    fill(block).eval()
    branch = block.restore(block.middle(block.reduce(X)))
    torch.testing.assert_close(block(X), F.relu(block.attention(branch) + X))


@pytest.mark.parametrize("attention", [False, True])
@pytest.mark.parametrize("stride", [1, 2])
def test_the_elastic_block_is_the_plain_one_with_its_active_weights(stride: int, attention: bool) -> None:
    choice = StageChoice(
        depth=1, width=64, kernel=3, groups=16, attention=attention, expansion=0.5
    )  # fmt: skip
    elastic = RESNET.elastic((32, 48, 64), RANGE, stride)
    plain = RESNET.plain(48, choice, stride, "relu")
    fill(elastic).eval()
    shared, own = elastic.state_dict(), plain.eval().state_dict()
    for name, tensor in own.items():
        if tensor.dim():
            trimmed = shared[name]
            margin = (trimmed.shape[-1] - tensor.shape[-1]) // 2 if tensor.dim() == 4 else 0
            if margin:
                trimmed = trimmed[..., margin:-margin, margin:-margin]
            tensor.copy_(trimmed[tuple(slice(size) for size in tensor.shape)])
    result = plain(X)
    assert (result[0] - result[1]).abs().max() > 0.1
    torch.testing.assert_close(elastic(X, choice), result)


def test_the_elastic_block_has_a_projection_only_where_some_choice_needs_one() -> None:
    assert RESNET.elastic((64, 80), RANGE, 1).shortcut is not None  # 64 -> 80 changes the width
    assert RESNET.elastic(None, RANGE, 1).shortcut is None  # behind a block of the same stage
    one_width = StageRange(width=(64,), kernel=(3,), groups=GroupSteps(16, 64))
    assert RESNET.elastic((64,), one_width, 1).shortcut is None
    assert RESNET.elastic((64,), one_width, 2).shortcut is not None


def test_a_projection_is_used_only_by_the_choices_that_need_it() -> None:
    block = RESNET.elastic((64, 80), RANGE, 1)
    fill(block)
    x = torch.randn(2, 64, 4, 4)
    assert block.shortcut is not None
    for width, used in ((64, False), (80, True)):
        block.zero_grad()
        block(x, StageChoice(depth=1, width=width, kernel=3, groups=16)).sum().backward()
        assert (block.shortcut.conv.weight.grad is not None) is used


@pytest.mark.parametrize("kind", [RESNET, HRNET], ids=["resnet", "hrnet"])
@pytest.mark.parametrize("attention", [False, True])
def test_the_cost_is_what_the_block_counts(kind: BottleneckKind, attention: bool) -> None:
    choice = StageChoice(depth=1, width=32, kernel=5, groups=16, attention=attention, expansion=1)
    block = kind.plain(3, choice, 2, "relu")
    assert counted(block, (8, 4)) == kind.cost(3, choice, 2, 32, 8)

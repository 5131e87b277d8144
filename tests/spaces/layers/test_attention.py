"""SE and GC attention by hand and against their plain twins; attention that is off is the identity."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from spaces.architecture import StageChoice
from spaces.blocks.mobile import ElasticMobileBlock
from spaces.layers.global_context import (
    ElasticGlobalContext,
    GlobalContext,
    attended_mean,
    gc_cost,
    gc_planes,
)
from spaces.layers.squeeze_excitation import (
    ElasticSqueezeExcitation,
    SqueezeExcitation,
    hard_gate,
    se_cost,
    se_squeezed,
)
from spaces.ranges import GroupSizes, StageRange
from tests.spaces.counting import counted, fill

LAYERS = ((GlobalContext, ElasticGlobalContext), (SqueezeExcitation, ElasticSqueezeExcitation))


def test_the_hard_gate_by_hand() -> None:
    assert hard_gate(torch.tensor([-3.0, -1.0, 0.0, 0.5, 2.0])).tolist() == [0, 0, 0.5, 0.75, 1]


@pytest.mark.parametrize(("width", "planes"), [(64, 16), (256, 16), (608, 38), (640, 40)])
def test_global_context_has_a_sixteenth_of_the_planes_but_at_least_16(width: int, planes: int) -> None:
    assert gc_planes(width) == planes == int(width * max(1 / 16, 16 / width))


@pytest.mark.parametrize(("width", "squeezed"), [(960, 240), (18, 4), (2, 1)])
def test_squeeze_excitation_has_a_quarter_of_the_planes(width: int, squeezed: int) -> None:
    assert se_squeezed(width) == squeezed


def test_the_attended_mean_weighs_pixels_by_the_softmax_of_the_mask() -> None:
    x = torch.tensor([[[[1.0, 5.0]], [[2.0, 10.0]]]])
    mask = torch.tensor([[[[0.0, torch.log(torch.tensor(3.0))]]]])  # weights 1/4 and 3/4
    torch.testing.assert_close(attended_mean(x, mask).flatten(), torch.tensor([4.0, 8.0]))


@pytest.mark.parametrize(("plain_kind", "elastic_kind"), LAYERS)
@pytest.mark.parametrize("width", [32, 80])
def test_the_active_width_acts_as_the_plain_layer_of_that_width(
    plain_kind: type[nn.Module], elastic_kind: type[nn.Module], width: int
) -> None:
    elastic, plain = fill(elastic_kind(80)), plain_kind(width)
    shared = dict(elastic.named_parameters())
    with torch.no_grad():
        for name, own in plain.named_parameters():
            own.copy_(shared[name][tuple(slice(0, size) for size in own.shape)])
    x = torch.randn(2, width, 4, 3)
    torch.testing.assert_close(elastic(x), plain(x), rtol=0, atol=1e-5)
    assert not torch.allclose(elastic(x), x)


@pytest.mark.parametrize(
    ("layer", "cost"),
    [
        (GlobalContext(3), gc_cost(3, pixels=12)),
        (SqueezeExcitation(3), se_cost(3)),
    ],
)
def test_the_cost_is_what_the_plain_layer_counts(layer: nn.Module, cost: object) -> None:
    assert counted(layer, (4, 3)) == cost


def test_the_costs_by_hand() -> None:
    """GC of width 64 on 12 pixels: 64 x 12 for the mask, 64 x 16 and back; SE of width 8: 8 x 2 and back."""
    assert gc_cost(64, 12).macs == 64 * 12 + 2 * 64 * 16
    assert gc_cost(64, 12).params == (64 + 1) + (64 * 16 + 16) + 2 * 16 + (16 * 64 + 64)
    assert (se_cost(8).macs, se_cost(8).params) == (2 * 8 * 2, 2 * 8 * 2 + 2 + 8)


def test_attention_that_is_off_is_the_identity() -> None:
    stage = StageRange(
        width=(8,), kernel=(3,), groups=GroupSizes(1, 99), attention=(False, True), expansion=(2,)
    )
    block = fill(ElasticMobileBlock((8,), stage, 1)).eval()
    on = StageChoice(depth=1, width=8, kernel=3, groups=4, attention=True, expansion=2)
    x = torch.randn(2, 8, 6, 6)
    with_it, without_it = block(x, on), block(x, replace(on, attention=False))
    assert block.attention is not None
    block.attention = None
    assert torch.equal(block(x, on), without_it)
    assert not torch.allclose(with_it, without_it)
    assert F.mse_loss(with_it, without_it) > 0


def test_only_the_first_blocks_of_a_stage_run() -> None:
    """Depth 1 of a supernet's stage is its first block: the second one's weights change nothing."""
    from tests.spaces.toy import toy

    space = toy(3)
    supernet, shallow = fill(space.supernet()).eval(), space.smallest()
    x = torch.randn(1, 3, 64, 32)
    before = supernet(x, shallow)
    deep = replace(shallow, stages=(replace(shallow.stages[0], depth=2), *shallow.stages[1:]))
    deep_before = supernet(x, deep)
    with torch.no_grad():
        for name, parameter in supernet.named_parameters():
            if name.startswith("1.1."):
                parameter.mul_(-1)
    assert torch.equal(supernet(x, shallow), before)
    assert not torch.allclose(supernet(x, deep), deep_before)

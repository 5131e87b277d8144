"""HRNet's basic block: two alike convolutions, SE at the end, shortcut."""

from __future__ import annotations

import torch
from torch.nn import functional as F

from spaces.architecture import StageChoice
from spaces.blocks.basic import BasicBlock, ElasticBasicBlock, basic_block_cost
from spaces.cost import Cost
from spaces.ranges import GroupPowers, StageRange
from tests.spaces.counting import fill

CHOICE = StageChoice(depth=1, width=24, kernel=3, groups=4, attention=True)
RANGE = StageRange(width=(8, 16, 24, 32), kernel=(3,), groups=GroupPowers(1, 32), attention=(False, True))
X = torch.randn(2, 24, 6, 4, generator=torch.Generator().manual_seed(0))


def test_the_cost_is_what_one_works_out() -> None:
    # twice 24 filters over 6 inputs, with a BatchNorm; SE 24 -> 6 -> 24 with biases
    weights, se = 2 * 24 * 6 * 9, 2 * 24 * 6
    assert basic_block_cost(CHOICE, 10) == Cost(weights + 2 * 48 + se + 30, conv_macs=weights * 10 + se)


def test_se_comes_before_the_shortcut_is_added() -> None:
    block = BasicBlock(CHOICE)
    fill(block).eval()
    branch = block.second(block.first(X))
    torch.testing.assert_close(block(X), F.relu(X + block.attention(branch)))


def test_the_elastic_block_is_the_plain_one_with_its_active_weights() -> None:
    elastic, plain = ElasticBasicBlock(RANGE), BasicBlock(CHOICE)
    fill(elastic).eval()
    shared = elastic.state_dict()
    for name, tensor in plain.eval().state_dict().items():
        if tensor.dim():
            tensor.copy_(shared[name][tuple(slice(size) for size in tensor.shape)])
    result = plain(X)
    assert (result[0] - result[1]).abs().max() > 0.1
    torch.testing.assert_close(elastic(X, CHOICE), result)


def test_attention_off_is_identity() -> None:
    elastic = ElasticBasicBlock(RANGE)
    fill(elastic).eval()
    off = StageChoice(depth=1, width=24, kernel=3, groups=4)
    branch = elastic.second(elastic.first(X, 24, 3, 4), 24, 3, 4)
    torch.testing.assert_close(elastic(X, off), F.relu(X + branch))

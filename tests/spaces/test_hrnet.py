"""The HRNet-W32 space: Table A3, the shape of HRNet itself, and its parts by hand."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from spaces.architecture import Architecture
from spaces.cost import Cost
from spaces.errors import ArchitectureError
from spaces.hrnet_exchange import ElasticExchange, Exchange, path_cost, transition_cost
from spaces.hrnet_network import HRNetwork, branch_counts, module_depths
from spaces.published import find_published
from spaces.registry import build_space
from spaces.space import SearchSpace
from tests.spaces.counting import fill, meta_network

PIXELS = (64, 16, 4)
WIDTHS = (8, 16, 32)


@pytest.fixture(scope="module")
def space() -> SearchSpace:
    return build_space("hrnet-w32")


def features() -> list[Tensor]:
    generator = torch.Generator().manual_seed(0)
    return [
        torch.randn(2, width, 8 >> branch, 8 >> branch, generator=generator)
        for branch, width in enumerate(WIDTHS)
    ]


def with_depth(architecture: Architecture, depth: int) -> Architecture:
    """Stage 4 with so many blocks in each of its branches."""
    deep = [replace(choice, depth=depth) for choice in architecture.stages[-4:]]
    return replace(architecture, stages=(*architecture.stages[:-4], *deep))


def test_every_range_of_table_a3_is_there(space: SearchSpace) -> None:
    assert space.stem.width == (16, 32, 48, 64)
    assert [stage.depth for stage in space.stages] == [
        (2, 3, 4),
        *[(4,)] * 2,
        *[tuple(range(8, 17))] * 3,
        *[tuple(range(8, 13))] * 4,
    ]
    ends = [(stage.width[0], stage.width[-1]) for stage in space.stages]
    branches = [(8, 32), (16, 64), (32, 128), (64, 256)]
    assert ends == [(16, 64), *branches[:2], *branches[:3], *branches]
    steps = [{after - before for before, after in pairwise(stage.width)} for stage in space.stages]
    assert steps == [{16}, {8}, {16}, {8}, {16}, {16}, {8}, {16}, {16}, {16}]
    assert {(stage.kernel, stage.attention) for stage in space.stages} == {((3,), (False, True))}


def test_group_numbers_are_powers_of_two_up_to_the_widest(space: SearchSpace) -> None:
    stage1, *branches = space.stages
    assert stage1.groups.options(64) == (1, 2, 4, 8, 16)
    assert branches[0].groups.options(24) == (1, 2, 4, 8)
    assert branches[-1].groups.options(256) == (1, 2, 4, 8, 16, 32, 64, 128, 256)


def test_the_branches_of_a_stage_are_equally_deep(space: SearchSpace) -> None:
    architecture = space.biggest()
    uneven = list(architecture.stages)
    uneven[-1] = replace(uneven[-1], depth=8)
    with pytest.raises(ArchitectureError, match=r"stage4_branch4\.depth must be one of \[12\]"):
        space.check(replace(architecture, stages=tuple(uneven)))


def test_a_stage_is_a_row_of_modules_of_four_blocks_and_a_rest() -> None:
    assert [module_depths(depth) for depth in (2, 4, 10, 16)] == [[2], [4], [4, 4, 2], [4, 4, 4, 4]]
    assert branch_counts(10) == (2, 3, 4)


def test_hrnet_w32_has_as_many_layers_as_its_authors_count() -> None:
    # "Number of Layers: Conv2d 293, BatchNorm2d 292", and 28,535,552 parameters without the 1x1 head
    network = meta_network(*find_published("hrnet-w32"))
    convs, norms = (
        sum(isinstance(each, kind) for each in network.modules()) for kind in (nn.Conv2d, nn.BatchNorm2d)
    )
    assert (convs, norms) == (293, 292)
    head = sum(each.numel() for each in network.get_submodule("final").parameters())
    assert sum(each.numel() for each in network.parameters()) - head == 28_535_552


@pytest.mark.parametrize("depth", [8, 9, 12])
def test_the_last_exchange_leads_to_the_first_branch_alone(space: SearchSpace, depth: int) -> None:
    network = meta_network(space, with_depth(space.smallest(), depth))
    assert isinstance(network, HRNetwork)
    modules = list(network.stages)[-1].children()
    outputs = [len(list(module.get_submodule("exchange.paths").children())) for module in modules]
    assert outputs == [4] * (len(module_depths(depth)) - 1) + [1]


def test_a_partial_module_costs_its_blocks_and_a_whole_exchange(space: SearchSpace) -> None:
    smallest = space.smallest()
    eight, nine, ten = (space.cost(with_depth(smallest, depth)) for depth in (8, 9, 10))
    # depthwise 3x3 of two convolutions and their norms, in branches of 8, 16, 32 and 64 channels
    block = Cost(2 * 11 * 120, conv_macs=2 * 9 * (8 * 3072 + 16 * 768 + 32 * 192 + 64 * 48))
    assert ten == nine + block
    # depth 9 has a third module, and so one more exchange between all branches
    assert nine.params - eight.params > block.params


def test_a_transition_is_the_identity_where_nothing_changes() -> None:
    assert transition_cost(32, 32, 1, 100) == Cost()
    assert transition_cost(24, 32, 1, 100) == Cost(24 * 32 * 9 + 64, conv_macs=24 * 32 * 9 * 100)
    assert transition_cost(32, 32, 2, 100) == Cost(32 * 32 * 9 + 64, conv_macs=32 * 32 * 9 * 100)


def test_paths_between_branches_cost_what_one_works_out() -> None:
    up = path_cost(32, 8, 2, 0, PIXELS)  # 1x1 at its own resolution, then upsampling
    assert up == Cost(32 * 8 + 16, conv_macs=32 * 8 * 4)
    down = path_cost(8, 32, 0, 2, PIXELS)  # 3x3/2 to 8 channels, 3x3/2 to 32
    assert down == Cost(8 * 8 * 9 + 16 + 8 * 32 * 9 + 64, conv_macs=8 * 8 * 9 * 16 + 8 * 32 * 9 * 4)


def test_an_exchange_is_the_sum_of_its_paths() -> None:
    exchange = Exchange(WIDTHS, 3)
    fill(exchange).eval()
    first, second, third = features()
    paths = exchange.paths

    to_first = F.relu(
        first
        + F.interpolate(paths[0][1](second), scale_factor=2.0)  # type: ignore[index]
        + F.interpolate(paths[0][2](third), scale_factor=4.0)  # type: ignore[index]
    )
    to_third = F.relu(paths[2][0](first) + paths[2][1](second) + third)  # type: ignore[index]
    outputs = exchange([first, second, third])
    torch.testing.assert_close(outputs[0], to_first)
    torch.testing.assert_close(outputs[2], to_third)
    assert [len(list(path.children())) for path in paths[2].children()] == [2, 1, 0]


def test_an_elastic_exchange_follows_the_active_widths() -> None:
    elastic, plain = ElasticExchange((32, 64, 128), 3), Exchange(WIDTHS, 3)
    fill(elastic).eval()
    shared = elastic.state_dict()
    for name, tensor in plain.eval().state_dict().items():
        if tensor.dim():
            tensor.copy_(shared[name][tuple(slice(size) for size in tensor.shape)])
    for ours, theirs in zip(elastic(features(), 3), plain(features()), strict=True):
        torch.testing.assert_close(ours, theirs)


def test_the_width_of_stage_1_is_its_middle_width() -> None:
    space, architecture = find_published("hrnet-w32")
    network = meta_network(space, architecture)
    assert isinstance(network, HRNetwork)
    block = network.bottlenecks[0]
    assert block.get_parameter("middle.conv.weight").shape[0] == 64
    assert block.get_parameter("restore.conv.weight").shape[0] == 256

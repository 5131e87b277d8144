"""The space below a found architecture."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from spaces.architecture import Architecture
from spaces.chain import chain
from spaces.errors import ArchitectureError
from spaces.published import find_published
from spaces.registry import build_space
from spaces.space import SearchSpace
from spaces.temporal.downward import downward
from spaces.temporal.drawing import ends
from tests.spaces.contract import KEYPOINTS, SpaceContract
from tests.spaces.temporal.examples import BACKBONES


class TestBelow(SpaceContract):
    """Below a small random architecture."""

    @pytest.fixture(scope="class")
    @classmethod
    def space(cls) -> SearchSpace:
        spatial = build_space("mobilenetv3-small", keypoints=KEYPOINTS, input_hw=(64, 32))
        return downward(spatial, spatial.sample(np.random.default_rng(1)))

    @pytest.fixture(scope="class")
    @classmethod
    def golden_key(cls) -> str:
        return "mobilenetv3-small-f944f4205eefe901"


@pytest.mark.parametrize("name", ["s-vipnas-res50", "s-vipnas-mbv3"])
def test_below_a_released_network_no_other_costs_more_or_less_than_the_two_ends(name: str) -> None:
    below = downward(*find_published(name))
    smallest, biggest = below.cost(below.smallest()), below.cost(below.biggest())
    least, most = ends(chain(below))
    assert (least.macs, least.params) == (smallest.macs, smallest.params)
    assert (most.macs, most.params) == (biggest.macs, biggest.params)


@pytest.mark.parametrize("name", BACKBONES)
def test_everything_below_an_architecture_is_in_its_space_and_fits_inside_its_weights(name: str) -> None:
    space, rng = build_space(name), np.random.default_rng(0)
    for _ in range(6):
        biggest = space.sample(rng)
        below = downward(space, biggest)
        assert below.biggest() == biggest
        for drawn in (below.smallest(), *(below.sample(rng) for _ in range(5))):
            space.check(drawn)
            assert_no_more(space, drawn, biggest)


def assert_no_more(space: SearchSpace, drawn: Architecture, biggest: Architecture) -> None:
    for part, most in zip(space.parts(drawn), space.parts(biggest), strict=True):
        for name in ("depth", "width", "kernel", "expansion", "attention"):
            assert getattr(part, name) <= getattr(most, name)
        assert part.middle // part.groups <= most.middle // most.groups
    if drawn.head is not None and biggest.head is not None:
        trunks = (drawn.stages[-1].width, biggest.stages[-1].width)
        assert trunks[0] // drawn.head.groups <= trunks[1] // biggest.head.groups


def test_more_groups_and_fewer_are_told_by_the_inputs_of_a_filter() -> None:
    space, biggest = find_published("s-vipnas-res50")
    stage1 = downward(space, biggest).stages[0]  # width 80, 16 groups: five inputs a filter
    assert stage1.groups.options(80) == (16,)
    assert stage1.groups.options(64) == (16, 32, 64)
    grouped = replace(biggest.stages[1], groups=32)  # width 160: five inputs
    stages = (biggest.stages[0], grouped, *biggest.stages[2:])
    stage2 = downward(space, replace(biggest, stages=stages)).stages[1]
    assert stage2.groups.options(128) == (32, 64)  # 16 would have eight


def test_a_width_without_any_group_number_left_is_dropped() -> None:
    space, biggest = find_published("s-vipnas-res50")
    grouped = replace(biggest.stages[2], width=320, groups=64)
    stages = (*biggest.stages[:2], grouped, biggest.stages[3])
    assert downward(space, replace(biggest, stages=stages)).stages[2].width == (256, 320)


def test_attention_and_depth_only_go_down() -> None:
    space, biggest = find_published("s-vipnas-res50")
    below = downward(space, biggest)
    assert [stage.attention for stage in below.stages] == [
        (False, True), (False,), (False, True), (False, True),
    ]  # fmt: skip
    assert [stage.depth for stage in below.stages] == [(3, 4), (4, 5, 6), (6, 7), (3,)]


def test_below_the_smallest_there_is_nothing_but_itself() -> None:
    space = build_space("mobilenetv3-small")
    below = downward(space, space.smallest())
    assert below.dimensions() == {}
    assert below.sample(np.random.default_rng(0)) == space.smallest()


def test_an_architecture_of_another_space_is_refused() -> None:
    with pytest.raises(ArchitectureError, match="is one of 'resnet50'"):
        downward(build_space("mobilenetv3-small"), build_space("resnet50").biggest())

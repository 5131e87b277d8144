"""The ResNet-50 space against Table A2, and its released network's shapes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from spaces.published import find_published
from spaces.registry import build_space
from spaces.space import SearchSpace
from tests.spaces.counting import meta_network


@pytest.fixture(scope="module")
def space() -> SearchSpace:
    return build_space("resnet50")


def test_every_range_of_table_a2_is_there(space: SearchSpace) -> None:
    assert space.stem.width == (32, 48, 64)
    assert space.stem.kernel == (7,)
    assert [stage.depth for stage in space.stages] == [(3, 4), (4, 5, 6), (6, 7, 8), (3, 4)]
    ends = [(stage.width[0], stage.width[-1]) for stage in space.stages]
    assert ends == [(64, 80), (128, 160), (256, 320), (512, 640)]
    for stage in space.stages:
        assert {b - a for a, b in zip(stage.width, stage.width[1:], strict=False)} == {16}
        assert (stage.kernel, stage.attention, stage.expansion) == ((3, 5), (False, True), (1,))
    assert space.head is not None
    assert space.head.width == tuple(range(64, 257, 16))
    assert (space.head.kernel, space.head.depth) == ((4,), (3,))


def test_group_numbers_have_step_16_and_divide_the_widths(space: SearchSpace) -> None:
    groups = space.stages[2].groups
    assert groups.options(256) == (16, 32, 64)
    assert groups.options(288) == (16, 32, 48)
    assert groups.options(304) == (16,)
    assert space.head is not None
    assert space.head.groups.options(608, 144) == (16,)


def test_the_stages_have_a_quarter_to_a_thirty_second_of_the_resolution(space: SearchSpace) -> None:
    network = meta_network(space, space.smallest())
    sizes = []
    for stage in network.get_submodule("stages").children():
        stage.register_forward_hook(lambda _module, _inputs, output: sizes.append(output.shape[-2:]))
    network(torch.zeros(1, 3, 256, 192, device="meta"))
    assert sizes == [(64, 48), (32, 24), (16, 12), (8, 6)]


def test_the_released_network_has_the_reference_shapes_in_the_same_order(shared: Path) -> None:
    file = shared / "golden" / "mmpose_s_vipnas_res50.json"
    keys = json.loads(file.read_text())["s_vipnas_res50"]["keys"]
    network = meta_network(*find_published("s-vipnas-res50"))
    assert [list(tensor.shape) for tensor in network.state_dict().values()] == [shape for _, shape in keys]

"""The ResNet-50 space against Table A2, and its released network against the reference outputs."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from spaces.published import find_published
from spaces.registry import build_space
from spaces.space import SearchSpace


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
    network = _meta(space)
    sizes = []
    for stage in network.get_submodule("stages").children():
        stage.register_forward_hook(lambda _module, _inputs, output: sizes.append(output.shape[-2:]))
    network(torch.zeros(1, 3, 256, 192, device="meta"))
    assert sizes == [(64, 48), (32, 24), (16, 12), (8, 6)]


def _meta(space: SearchSpace) -> nn.Module:
    with torch.device("meta"):
        return space.network(space.smallest())


@pytest.fixture(scope="module")
def golden(shared: Path) -> dict[str, Any]:
    file = shared / "golden" / "mmpose_s_vipnas_res50.json"
    return json.loads(file.read_text())["s_vipnas_res50"]


def test_the_released_network_has_the_reference_keys_and_outputs(golden: dict[str, Any]) -> None:
    space, architecture = find_published("s-vipnas-res50")
    network = space.network(architecture).eval()
    state = network.state_dict()
    assert [list(tensor.shape) for tensor in state.values()] == [shape for _, shape in golden["keys"]]
    assert sum(each.numel() for each in network.parameters()) == golden["params"]

    for order, ((key, _), tensor) in enumerate(zip(golden["keys"], state.values(), strict=True)):
        tensor.copy_(_filling(key, order, tensor))
    features: list[Tensor] = []
    network.get_submodule("stages").register_forward_hook(lambda _m, _i, output: features.append(output))
    image = np.sin(0.0137 * np.arange(3 * 256 * 192)).astype(np.float32).reshape(1, 3, 256, 192)
    with torch.no_grad():
        heatmaps = network(torch.from_numpy(image))

    assert list(features[0].shape) == golden["feat_shape"]
    assert features[0].mean().item() == pytest.approx(golden["feat_mean"], abs=1e-4)
    assert features[0].std().item() == pytest.approx(golden["feat_std"], abs=1e-4)
    assert list(heatmaps.shape) == golden["out_shape"]
    assert heatmaps.mean().item() == pytest.approx(golden["out_mean"], abs=1e-4)
    assert heatmaps.std().item() == pytest.approx(golden["out_std"], abs=1e-4)
    places = golden["out_sample_positions_channel_row_column"]
    assert [heatmaps[0, k, y, x].item() for k, y, x in places] == pytest.approx(
        golden["out_samples"], abs=1e-4
    )


def _filling(key: str, order: int, tensor: Tensor) -> Tensor:
    """The deterministic weights that the golden file describes under `checks`."""
    wave = np.cos(0.7310585 * np.arange(tensor.numel()) + 0.3178 * order).reshape(tensor.shape)
    if key.endswith("num_batches_tracked"):
        return tensor
    if tensor.dim() == 4:
        wave = wave * 1.2 * math.sqrt(2 / math.prod(tensor.shape[1:]))
    elif key.endswith("running_var"):
        wave = 1 + 0.5 * wave
    elif key.endswith("weight"):
        wave = 1 + 0.2 * wave
    else:
        wave = 0.1 * wave
    return torch.from_numpy(wave.astype(np.float32))

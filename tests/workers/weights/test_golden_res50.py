"""S-ViPNAS-Res50 against outputs of the reference network, with the same deterministic weights."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from spaces.published import find_published
from workers.weights.released import load_released

TOLERANCE = 1e-4


@pytest.fixture(scope="module")
def golden(shared: Path) -> Mapping[str, Any]:
    text = (shared / "golden" / "mmpose_s_vipnas_res50.json").read_text()
    return json.loads(text)["s_vipnas_res50"]


@pytest.fixture(scope="module")
def network(golden: Mapping[str, Any]) -> nn.Module:
    space, architecture = find_published("s-vipnas-res50")
    tensors = {name: _weight(name, shape, n) for n, (name, shape) in enumerate(golden["keys"])}
    return load_released(space, architecture, tensors)


def _weight(name: str, shape: Sequence[int], place: int) -> Tensor:
    """The fill that the reference describes: a cosine of the flat index, shifted by the place of the name."""
    if name.endswith("num_batches_tracked"):
        return torch.tensor(0)
    index = np.arange(math.prod(shape))
    wave = np.cos(0.7310585 * index + 0.3178 * place).reshape(shape)
    if name.endswith("running_var"):
        value = 1 + 0.5 * wave
    elif len(shape) == 4:
        value = wave * 1.2 * math.sqrt(2 / math.prod(shape[1:]))
    else:
        value = 1 + 0.2 * wave if name.endswith("weight") else 0.1 * wave
    return torch.from_numpy(value.astype(np.float32))


def _image() -> Tensor:
    wave = np.sin(0.0137 * np.arange(3 * 256 * 192)).astype(np.float32)
    return torch.from_numpy(wave.reshape(1, 3, 256, 192))


@torch.no_grad()
def test_ours_equal_the_reference_networks_outputs(network: nn.Module, golden: Mapping[str, Any]) -> None:
    image = _image()
    heatmaps = network(image)

    assert (heatmaps - network(-image)).abs().max() > 100 * TOLERANCE, "the output must depend on the input"
    assert list(heatmaps.shape) == golden["out_shape"]
    assert heatmaps.mean().item() == pytest.approx(golden["out_mean"], abs=TOLERANCE)
    assert heatmaps.std().item() == pytest.approx(golden["out_std"], abs=TOLERANCE)
    samples = [heatmaps[0, k, y, x].item() for k, y, x in golden["out_sample_positions_channel_row_column"]]
    assert samples == pytest.approx(golden["out_samples"], abs=TOLERANCE)


@torch.no_grad()
def test_ours_equal_the_reference_networks_features(network: nn.Module, golden: Mapping[str, Any]) -> None:
    features = network.stages(network.pool(network.stem(_image())))  # type: ignore[operator]

    assert list(features.shape) == golden["feat_shape"]
    assert features.mean().item() == pytest.approx(golden["feat_mean"], abs=TOLERANCE)
    assert features.std().item() == pytest.approx(golden["feat_std"], abs=TOLERANCE)


def test_the_number_of_parameters_is_the_references(network: nn.Module, golden: Mapping[str, Any]) -> None:
    assert sum(parameter.numel() for parameter in network.parameters()) == golden["params"]

"""ONNX files: what they hold, and that none is kept which does not repeat PyTorch's output."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
import pytest
import torch
from torch import nn

from spaces.registry import build_space
from spaces.space import SearchSpace
from tests.workers.weights.filling import draw_images, fill
from workers.errors import DataError
from workers.weights.onnx_export import GATE, OPSET, OnnxCheck, compare_outputs, export_onnx

INPUT_HW = (64, 96)


@pytest.fixture(scope="module")
def space() -> SearchSpace:
    return build_space("mobilenetv3-small", keypoints=15, input_hw=INPUT_HW)


@pytest.fixture(scope="module")
def network(space: SearchSpace) -> nn.Module:
    return fill(space.network(space.smallest()))


@pytest.fixture(scope="module")
def exported(network: nn.Module, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, OnnxCheck]:
    path = tmp_path_factory.mktemp("onnx") / "small.onnx"
    return path, export_onnx(path, network, INPUT_HW, {"key": "a-key"})


def test_onnx_runtime_repeats_pytorch_for_any_batch(
    exported: tuple[Path, OnnxCheck], network: nn.Module
) -> None:
    session = ort.InferenceSession(exported[0], providers=["CPUExecutionProvider"])
    for batch in (1, 2, 5):
        images = draw_images(batch, INPUT_HW, seed=batch)
        with torch.no_grad():
            expected = network(images).numpy()
        (heatmaps,) = session.run(["heatmaps"], {"image": images.numpy()})

        assert heatmaps.shape == (batch, 15, 16, 24)
        assert np.abs(expected[0] - network(-images[:1]).detach().numpy()).max() > 0.01
        np.testing.assert_allclose(heatmaps, expected, atol=1e-5 * np.abs(expected).max())


def test_the_check_reports_what_it_saw(exported: tuple[Path, OnnxCheck]) -> None:
    check = exported[1]

    assert check.relative < 1e-5
    assert check.difference > 0
    assert check.sensitivity > 0.01, "a check on outputs that do not depend on the input shows nothing"


def test_the_file_is_whole_in_itself_and_free_of_paths(exported: tuple[Path, OnnxCheck]) -> None:
    path = exported[0]
    model = onnx.load(path, load_external_data=False)

    assert list(path.parent.iterdir()) == [path]
    assert [(opset.domain, opset.version) for opset in model.opset_import] == [("", OPSET)]
    assert {entry.key: entry.value for entry in model.metadata_props} == {"key": "a-key"}
    assert str(Path.cwd()).encode() not in path.read_bytes()
    assert not any(tensor.external_data for tensor in model.graph.initializer)


def test_the_check_sees_other_weights(exported: tuple[Path, OnnxCheck], space: SearchSpace) -> None:
    other = fill(space.network(space.smallest()), seed=1)

    assert compare_outputs(exported[0], other, INPUT_HW).relative > GATE


def test_a_file_that_does_not_repeat_pytorch_is_not_kept(space: SearchSpace, tmp_path: Path) -> None:
    broken = fill(space.network(space.smallest())).train()
    with torch.no_grad():
        next(broken.parameters()).fill_(torch.nan)

    with pytest.raises(DataError, match=r"must repeat PyTorch's output within 0.001 .* differs by nan"):
        export_onnx(tmp_path / "broken.onnx", broken, INPUT_HW)

    assert list(tmp_path.iterdir()) == []
    assert broken.training, "the network is left as it was"

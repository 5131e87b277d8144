"""What is timed computes what the network computes."""

from __future__ import annotations

import numpy as np
import onnxruntime as ort
import pytest
import torch
from torch import nn

from spaces.published import find_published
from spaces.registry import SPACES, build_space
from tests.workers.weights.filling import draw_images, fill
from workers.errors import DataError
from workers.evaluation.fold import folded
from workers.latency.measure import Setting, control, keep_signals, measure_architecture
from workers.latency.quick_onnx import quick_onnx
from workers.latency.runtimes import RUNTIMES, find_runtime
from workers.latency.steadiness import Steadiness

INPUT_HW = (64, 32)
GATE = 1e-4  # of the largest output


def drawn(name: str, seed: int) -> nn.Module:
    space = build_space(name, keypoints=5, input_hw=INPUT_HW)
    return fill(space.network(space.sample(np.random.default_rng(seed))))


@torch.no_grad()
def outputs(network: nn.Module) -> np.ndarray:
    """Of two images, which must differ for the comparison to mean anything."""
    first, second = (network(image[None]).numpy() for image in draw_images(2, INPUT_HW))
    assert np.abs(first - second).max() > 10 * GATE * np.abs(first).max()
    return np.concatenate([first, second])


@pytest.mark.parametrize("name", SPACES)
def test_folding_and_onnx_keep_the_output(name: str) -> None:
    for seed in range(2):
        network = drawn(name, seed)
        expected = outputs(network)
        allowed = GATE * np.abs(expected).max()

        plain = folded(network)
        session = ort.InferenceSession(quick_onnx(plain, INPUT_HW), providers=["CPUExecutionProvider"])
        images = draw_images(2, INPUT_HW).numpy()
        heatmaps = [session.run(None, {"image": image[None]})[0] for image in images]

        assert not any(isinstance(module, nn.BatchNorm2d) for module in plain.modules())
        assert np.abs(outputs(plain) - expected).max() < allowed
        assert np.abs(np.concatenate(heatmaps) - expected).max() < allowed
        assert any(isinstance(module, nn.BatchNorm2d) for module in network.modules()), "it is left as it was"


def test_folding_knows_the_groups_of_released_deconvolutions() -> None:
    space, architecture = find_published("s-vipnas-mbv3", input_hw=INPUT_HW)
    network = fill(space.network(architecture))
    expected = outputs(network)

    assert np.abs(outputs(folded(network)) - expected).max() < GATE * np.abs(expected).max()


def test_an_operator_that_the_quick_writer_does_not_know_is_named() -> None:
    with pytest.raises(DataError, match=r"Softplus \(in network_0\) is none of .*Conv2d"):
        quick_onnx(nn.Sequential(nn.Softplus()), INPUT_HW)


def test_an_unknown_runtime_lists_the_known_ones() -> None:
    with pytest.raises(DataError, match="no runtime 'tensorrt'; the known ones are: onnxruntime, torch"):
        find_runtime("tensorrt")


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_a_measurement_says_its_conditions(runtime: str) -> None:
    setting = Setting(space="mobilenetv3-small", keypoints=5, input_hw=INPUT_HW, runtime=runtime)
    threads = torch.get_num_threads()

    measured = measure_architecture(
        setting, build_space("mobilenetv3-small").smallest(), Steadiness(budget_s=0.2)
    ).to_dict()

    assert (measured["runtime"], measured["threads"]) == (runtime, 1)
    assert measured["runtime_version"] == RUNTIMES[runtime].version
    assert 0 < measured["p10_ms"] <= measured["median_ms"] <= measured["p90_ms"]
    assert measured["control_ratio"] >= 1
    assert len(measured["cores"]) <= 1
    assert torch.get_num_threads() == threads


def test_drawn_weights_keep_signals_away_from_denormal_numbers() -> None:
    space = build_space("resnet50", keypoints=5, input_hw=INPUT_HW)
    network = keep_signals(space.network(space.biggest()))

    assert np.abs(outputs(network)).max() > 1e-3
    control()()  # runs

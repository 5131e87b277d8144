"""A frame's network is timed as what it is: with its fusion, beside heatmaps."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from torch import nn

from spaces.temporal.allocation import Allocation, FrameChoice, Fusion
from spaces.temporal.network import TemporalNetwork
from tests.spaces.temporal.examples import INPUT_HW, KEYPOINTS, images, temporal_space, trained_like
from workers.errors import DataError
from workers.evaluation.fold import folded
from workers.latency.beside_heatmaps import BesideHeatmaps
from workers.latency.measure import Setting, measure_frame
from workers.latency.on_ray import LatencyMeter
from workers.latency.steadiness import Steadiness

SPACE = temporal_space("mobilenetv3-small")
SETTING = Setting(
    space=SPACE.spatial.name, keypoints=KEYPOINTS, input_hw=INPUT_HW, runtime="torch"
)  # fmt: skip
QUICK = Steadiness(budget_s=0.2)
FUSIONS = (None, Fusion(1, "cat"), Fusion(len(SPACE.spatial.outlets), "mul"))


def choice(fusion: Fusion | None) -> FrameChoice:
    return FrameChoice(SPACE.cnn.sample(np.random.default_rng(0)), fusion)


@pytest.mark.parametrize("fusion", FUSIONS)
def test_folding_reaches_the_network_beside_heatmaps_and_keeps_its_output(fusion: Fusion | None) -> None:
    network = TemporalNetwork(SPACE.spatial, choice(fusion))
    beside = BesideHeatmaps(network, KEYPOINTS, INPUT_HW)
    of_one = trained_like(_Batched(beside)).beside
    assert isinstance(of_one, BesideHeatmaps)
    image = images()[:1]
    with torch.no_grad():
        expected = network(image, of_one.heatmaps)
        plain = folded(of_one)
        heatmaps = plain(image)
    assert not any(isinstance(module, nn.BatchNorm2d) for module in plain.modules())
    torch.testing.assert_close(heatmaps, expected, rtol=1e-4, atol=1e-4 * float(expected.abs().max()))


def test_the_timed_network_is_that_of_the_temporal_space() -> None:
    """Below whichever key frame: a choice says all."""
    for fusion in FUSIONS:
        timed = TemporalNetwork(SPACE.spatial, choice(fusion)).state_dict()
        searched = SPACE.network(choice(fusion)).state_dict()
        assert {name: each.shape for name, each in timed.items()} == {
            name: each.shape for name, each in searched.items()
        }


def test_a_meter_says_of_which_frame_its_figures_are() -> None:
    meter = LatencyMeter(SETTING, QUICK)
    for fusion in FUSIONS:
        frame = Allocation(SPACE.name, (choice(fusion),))
        row = meter.measure_frame(frame.to_json())
        assert 0 < row["p10_ms"] <= row["median_ms"] <= row["p90_ms"] < 1000
        assert (row["key"], row["space"], row["runtime"]) == (frame.key, "t-mobilenetv3-small", "torch")
        assert json.loads(row["architecture"])["frames"][0]["fusion"] == (
            None if fusion is None else {"stage": fusion.stage, "operation": fusion.operation}
        )
        assert meter.quiet_ms == row["quiet_ms"]


def test_another_runtime_is_refused() -> None:
    onnx = Setting(space=SPACE.spatial.name, keypoints=KEYPOINTS, input_hw=INPUT_HW, runtime="onnxruntime")
    with pytest.raises(DataError, match="with torch only, not with 'onnxruntime'"):
        measure_frame(onnx, choice(None), QUICK)


class _Batched(nn.Module):
    """Its heatmaps for as many images as there are."""

    def __init__(self, beside: BesideHeatmaps) -> None:
        super().__init__()
        self.beside = beside

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        heatmaps = self.beside.heatmaps.expand(len(image), -1, -1, -1)
        output: torch.Tensor = self.beside.network(image, heatmaps)
        return output

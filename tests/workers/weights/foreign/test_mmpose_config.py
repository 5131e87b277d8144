"""The configuration beside weights in MMPose's names: plain Python, and its arguments fit the weights."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
import torch

from spaces.architecture import Architecture
from spaces.published import find_published
from spaces.registry import build_space
from spaces.space import SearchSpace
from workers.data.skeleton import COCO17, POSETRACK17
from workers.errors import DataError
from workers.weights.foreign.mmpose_config import mmpose_config
from workers.weights.foreign.mmpose_model import mmpose_model
from workers.weights.released import to_released

Shapes = dict[str, tuple[int, ...]]
SMALL = build_space("mobilenetv3-small", 15, (96, 64))


def executed(space: SearchSpace, architecture: Architecture, skeleton: Any = COCO17) -> dict[str, Any]:
    values: dict[str, Any] = {"__builtins__": {}}
    exec(mmpose_config(space, architecture, skeleton, "weights.pth"), values)
    return {name: value for name, value in values.items() if name != "__builtins__"}


def released_shapes(space: SearchSpace, architecture: Architecture) -> Shapes:
    with torch.device("meta"):
        tensors = to_released(space.network(architecture), architecture)
    return {
        name: tuple(tensor.shape)
        for name, tensor in tensors.items()
        if tensor.dim() and not name.endswith(("running_mean", "running_var"))
    }


def conv(name: str, width_in: int, width: int, kernel: int, groups: int = 1, bias: bool = False) -> Shapes:
    found: Shapes = {f"{name}.weight": (width, width_in // groups, kernel, kernel)}
    return found | ({f"{name}.bias": (width,)} if bias else {})


def norm(name: str, *width: int) -> Shapes:
    return {f"{name}.weight": width, f"{name}.bias": width}


def module(name: str, *arguments: Any) -> Shapes:
    """mmcv's ConvModule."""
    return conv(f"{name}.conv", *arguments) | norm(f"{name}.bn", arguments[1])


def vipnas_resnet(
    *, type: str, depth: int, strides: tuple[int, ...], wid: list[int], expan: list[Any], dep: list[Any],
    ks: list[int], group: list[Any], att: list[Any],
) -> Shapes:  # fmt: skip
    """The parameters that MMPose's class of these arguments has."""
    assert (type, depth) == ("ViPNAS_ResNet", 50)
    shapes, width_in = conv("conv1", 3, wid[0], ks[0]) | norm("bn1", wid[0]), wid[0]
    for stage in range(1, 5):
        out, middle = wid[stage] * expan[stage], wid[stage]
        for block in range(dep[stage]):
            name = f"layer{stage}.{block}"
            shapes |= conv(f"{name}.conv1", width_in, middle, 1) | norm(f"{name}.bn1", middle)
            shapes |= conv(f"{name}.conv2", middle, middle, ks[stage], group[stage])
            shapes |= norm(f"{name}.bn2", middle)
            shapes |= conv(f"{name}.conv3", middle, out, 1) | norm(f"{name}.bn3", out)
            if att[stage]:
                planes = int(out * max(1 / 16, 16 / out))
                shapes |= conv(f"{name}.attention.conv_mask", out, 1, 1, bias=True)
                shapes |= conv(f"{name}.attention.channel_add_conv.0", out, planes, 1, bias=True)
                shapes |= norm(f"{name}.attention.channel_add_conv.1", planes, 1, 1)
                shapes |= conv(f"{name}.attention.channel_add_conv.3", planes, out, 1, bias=True)
            if block == 0 and (strides[stage - 1] != 1 or width_in != out):
                shapes |= conv(f"{name}.downsample.0", width_in, out, 1) | norm(f"{name}.downsample.1", out)
            width_in = out
    return shapes


def vipnas_mobilenetv3(
    *, type: str, wid: list[int], expan: list[Any], dep: list[Any], ks: list[int], group: list[Any],
    att: list[Any], stride: list[int], act: list[str],
) -> Shapes:  # fmt: skip
    assert type == "ViPNAS_MobileNetV3"
    assert len(wid) == len(expan) == len(dep) == len(ks) == len(group) == len(att) == len(stride) == len(act)
    assert set(act) <= {"ReLU", "HSwish"}
    shapes, width_in, number = module("conv1", 3, wid[0], ks[0]), wid[0], 0
    for stage in range(1, len(wid)):
        middle = wid[stage] * expan[stage]
        for _ in range(dep[stage]):
            number += 1
            name = f"layer{number}"
            if expan[stage] != 1:
                shapes |= module(f"{name}.expand_conv", width_in, middle, 1)
            else:
                assert middle == width_in
            shapes |= module(f"{name}.depthwise_conv", middle, middle, ks[stage], group[stage])
            if att[stage]:
                shapes |= conv(f"{name}.se.conv1.conv", middle, middle // 4, 1, bias=True)
                shapes |= conv(f"{name}.se.conv2.conv", middle // 4, middle, 1, bias=True)
            shapes |= module(f"{name}.linear_conv", middle, wid[stage], 1)
            width_in = wid[stage]
    return shapes


def vipnas_head(
    *, type: str, in_channels: int, out_channels: int, deconv_out_channels: tuple[int, ...],
    deconv_kernel_sizes: tuple[int, ...], deconv_num_groups: tuple[int, ...], **_more: Any,
) -> Shapes:  # fmt: skip
    assert type == "ViPNASHead"
    shapes: Shapes = {}
    layers = zip(deconv_out_channels, deconv_kernel_sizes, deconv_num_groups, strict=True)
    for number, (width, kernel, groups) in enumerate(layers):
        shapes[f"deconv_layers.{3 * number}.weight"] = (in_channels, width // groups, kernel, kernel)
        shapes |= norm(f"deconv_layers.{3 * number + 1}", width)
        in_channels = width
    return shapes | conv("final_layer", in_channels, out_channels, 1, bias=True)


def built(model: dict[str, Any]) -> Shapes:
    of: dict[str, Callable[..., Shapes]] = {
        "ViPNAS_ResNet": vipnas_resnet,
        "ViPNAS_MobileNetV3": vipnas_mobilenetv3,
    }
    backbone = of[model["backbone"]["type"]](**model["backbone"])
    shapes = {f"backbone.{name}": shape for name, shape in backbone.items()}
    return shapes | {f"head.{name}": shape for name, shape in vipnas_head(**model["head"]).items()}


def networks() -> Iterator[tuple[SearchSpace, Architecture]]:
    yield from (find_published(name) for name in ("s-vipnas-res50", "s-vipnas-mbv3", "sbl-res50"))
    for name in ("resnet50", "mobilenetv3", "mobilenetv3-small"):
        space = build_space(name, 15)
        yield space, space.smallest()
        yield space, space.biggest()


@pytest.mark.parametrize(("space", "architecture"), [*networks()])
def test_each_argument_fits_the_weights_beside_it(space: SearchSpace, architecture: Architecture) -> None:
    assert built(executed(space, architecture)["model"]) == released_shapes(space, architecture)


def test_the_released_networks_are_mmposes_defaults() -> None:
    """Those of its classes' signatures in 1.x, so `type` alone would give the same."""
    resnet, mobile = (
        mmpose_model(*find_published(name))["backbone"] for name in ("s-vipnas-res50", "s-vipnas-mbv3")
    )
    assert resnet == {
        "type": "ViPNAS_ResNet", "depth": 50, "strides": (1, 2, 2, 2), "wid": [48, 80, 160, 304, 608],
        "expan": [None, 1, 1, 1, 1], "dep": [None, 4, 6, 7, 3], "ks": [7, 3, 5, 5, 5],
        "group": [None, 16, 16, 16, 16], "att": [None, True, False, True, True],
    }  # fmt: skip
    assert mobile == {
        "type": "ViPNAS_MobileNetV3", "wid": [16, 16, 24, 40, 80, 112, 160],
        "expan": [None, 1, 5, 4, 5, 5, 6], "dep": [None, 1, 4, 4, 4, 4, 4], "ks": [3, 3, 7, 7, 5, 7, 5],
        "group": [None, 8, 120, 20, 100, 280, 240], "att": [None, True, True, False, True, True, True],
        "stride": [2, 1, 2, 2, 2, 1, 2],
        "act": ["HSwish", "ReLU", "ReLU", "ReLU", "HSwish", "HSwish", "HSwish"],
    }  # fmt: skip


def test_codec_data_and_joints_are_those_of_the_network() -> None:
    config = executed(SMALL, SMALL.smallest(), POSETRACK17)
    assert config["codec"]["input_size"] == (64, 96)
    assert config["codec"]["heatmap_size"] == (16, 24)
    assert config["model"]["head"]["decoder"] is config["codec"]
    assert config["model"]["data_preprocessor"]["mean"] == [123.675, 116.28, 103.53]
    assert config["model"]["test_cfg"] == {"flip_test": True, "flip_mode": "heatmap", "shift_heatmap": True}
    assert config["load_from"] == "weights.pth"
    assert config["test_dataloader"]["dataset"]["pipeline"] is config["val_pipeline"]
    info = config["dataset_info"]
    assert config["val_dataloader"]["dataset"]["metainfo"] is info
    joints = info["keypoint_info"]
    assert [joints[number]["name"] for number in range(17)] == list(POSETRACK17.names)
    swapped = {joint["name"]: joint["swap"] for joint in joints.values()}
    assert (swapped["left_knee"], swapped["right_knee"]) == ("right_knee", "left_knee")
    assert swapped["nose"] == ""
    assert {joint["name"] for joint in joints.values() if joint["type"] == "lower"} == {
        f"{side}_{part}" for side in ("left", "right") for part in ("hip", "knee", "ankle")
    }
    links = {link["link"] for link in info["skeleton_info"].values()}
    assert ("left_shoulder", "right_shoulder") in links
    assert len(links) == len(POSETRACK17.links)
    assert info["sigmas"] == list(POSETRACK17.oks_sigmas)


def test_what_mmposes_classes_cannot_express_is_said() -> None:
    space, res50 = find_published("s-vipnas-res50")
    uneven = replace(res50, stages=(replace(res50.stages[0], expansion=0.7), *res50.stages[1:]))
    with pytest.raises(DataError, match=r"cannot express the network: the width of stage1, 80, is no mult"):
        mmpose_config(space, uneven, COCO17, "w.pth")
    small = SMALL.smallest()
    wider = replace(small, stages=(replace(small.stages[0], width=24), *small.stages[1:]))
    with pytest.raises(DataError, match=r"stage1 widens its input at expansion 1, from 16 to 24"):
        mmpose_config(SMALL, wider, COCO17, "w.pth")
    half = replace(small, stages=(*small.stages[:-1], replace(small.stages[-1], expansion=2.5)))
    with pytest.raises(DataError, match=r"the expansion of stage4 is 2\.5, no whole number"):
        mmpose_config(SMALL, half, COCO17, "w.pth")
    hrnet = build_space("hrnet-w32")
    with pytest.raises(DataError, match="it is of space 'hrnet-w32'"):
        mmpose_config(hrnet, hrnet.smallest(), COCO17, "w.pth")

"""A found network as the arguments of MMPose 1.x's own classes, where these can express it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any

from spaces.architecture import Architecture, StageChoice
from spaces.deconv_space import DeconvSpace
from spaces.layers.global_context import gc_planes
from spaces.layers.squeeze_excitation import se_squeezed
from spaces.space import SearchSpace
from workers.errors import DataError

MMCV_ACTIVATIONS = {"relu": "ReLU", "hswish": "HSwish"}  # as mmcv registers them


def mmpose_model(space: SearchSpace, architecture: Architecture) -> dict[str, dict[str, Any]]:
    """`backbone` and `head` whose weights are those of `to_released`, by name and shape.

    Raises DataError that says which part MMPose's class cannot express.
    """
    head = architecture.head
    if architecture.space not in MMPOSE_BACKBONES or head is None or not isinstance(space, DeconvSpace):
        raise _beyond(f"it is of space {architecture.space!r}")
    if head.kernel not in (2, 4):
        raise _beyond(f"its deconvolutions have kernels of {head.kernel}")
    return {
        "backbone": MMPOSE_BACKBONES[architecture.space](space, architecture),
        "head": {
            "type": "ViPNASHead",
            "in_channels": architecture.stages[-1].width,
            "out_channels": space.keypoints,
            "deconv_out_channels": (head.width,) * head.depth,
            "deconv_kernel_sizes": (head.kernel,) * head.depth,
            "deconv_num_groups": (head.groups,) * head.depth,
        },
    }


def _resnet(space: DeconvSpace, architecture: Architecture) -> dict[str, Any]:
    """ViPNAS_ResNet takes a stage's middle width as wid, and expan times that as its output."""
    stages = architecture.stages
    expansions = [choice.width // choice.middle for choice in stages]
    for name, choice, expansion in zip(space.part_names[1:], stages, expansions, strict=False):
        if expansion * choice.middle != choice.width:
            raise _beyond(f"the width of {name}, {choice.width}, is no multiple of its middle's")
        planes = int(choice.width * max(1 / 16, 16 / choice.width))  # mmcv's ContextBlock
        if choice.attention and planes != gc_planes(choice.width):
            raise _beyond(f"{name} attends with {gc_planes(choice.width)} planes, mmcv with {planes}")
    return {
        "type": "ViPNAS_ResNet",
        "depth": 50,
        "strides": tuple(stage.stride for stage in space.stages),
        "wid": [architecture.stem.width, *(choice.middle for choice in stages)],
        "expan": [None, *expansions],
        **_searched(architecture),
    }


def _mobilenet(space: DeconvSpace, architecture: Architecture) -> dict[str, Any]:
    parts = (architecture.stem, *architecture.stages)
    for name, (before, choice) in zip(space.part_names[1:], pairwise(parts), strict=False):
        _check_mobile(name, before, choice)
    return {
        "type": "ViPNAS_MobileNetV3",
        "wid": [part.width for part in parts],
        "expan": [None, *(int(choice.expansion) for choice in architecture.stages)],
        **_searched(architecture),
        "stride": [space.stem.stride, *(stage.stride for stage in space.stages)],
        "act": [MMCV_ACTIVATIONS[stage.act] for stage in (space.stem, *space.stages)],
    }


def _check_mobile(name: str, before: StageChoice, choice: StageChoice) -> None:
    if choice.middle != choice.width * int(choice.expansion):
        raise _beyond(f"the expansion of {name} is {choice.expansion:g}, no whole number")
    if choice.expansion == 1 and choice.middle != before.width:
        raise _beyond(f"{name} widens its input at expansion 1, from {before.width} to {choice.middle}")
    if choice.attention and choice.middle // 4 != se_squeezed(choice.middle):
        raise _beyond(f"the middle of {name} is too narrow for attention there: {choice.middle}")


def _searched(architecture: Architecture) -> dict[str, list[Any]]:
    """What both backbones call alike; of the stem they take the kernel alone."""
    stages = architecture.stages
    return {
        "dep": [None, *(choice.depth for choice in stages)],
        "ks": [architecture.stem.kernel, *(choice.kernel for choice in stages)],
        "group": [None, *(choice.groups for choice in stages)],
        "att": [None, *(choice.attention for choice in stages)],
    }


def _beyond(what: str) -> DataError:
    return DataError(f"MMPose's ViPNAS classes cannot express the network: {what}")


MMPOSE_BACKBONES: Mapping[str, Callable[[DeconvSpace, Architecture], dict[str, Any]]] = {
    "resnet50": _resnet,
    "mobilenetv3": _mobilenet,
    "mobilenetv3-small": _mobilenet,
}

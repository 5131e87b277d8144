"""What MMPose calls the parameters and buffers of the released networks, from the names that we give them.

Layouts agree, so renaming is all there is. Source: the keys of the released S-ViPNAS checkpoints.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import accumulate, groupby
from typing import final

from torch import Tensor

from spaces.architecture import Architecture
from spaces.first_weights import COUNTER
from workers.errors import DataError

HEADS = ("head", "keypoint_head")  # MMPose 1.x, 0.x

MEAN = "running_mean"  # of BatchNorm
_COUNTED = re.compile(r"backbone\.layer(\d+)\.((?:depthwise_conv|linear_conv|se\.conv1)\.conv\.weight)$")

LayerName = Callable[[Architecture, int, int], str]  # architecture, stage, block


@final
@dataclass(frozen=True, slots=True)
class Naming:
    """How one backbone is named: its modules, ours -> MMPose's, and the name of a block."""

    stem: Mapping[str, str]
    block: Mapping[str, str]
    layer: LayerName


def _by_stage(_: Architecture, stage: int, block: int) -> str:
    return f"layer{stage + 1}.{block}"


def _counted_through(architecture: Architecture, stage: int, block: int) -> str:
    """Blocks are numbered from 1 through all stages."""
    first = (0, *accumulate(choice.depth for choice in architecture.stages))[stage]
    return f"layer{first + block + 1}"


RESNET = Naming(
    stem={"conv": "conv1", "norm": "bn1"},
    block={
        "reduce.conv": "conv1",
        "reduce.norm": "bn1",
        "middle.conv": "conv2",
        "middle.norm": "bn2",
        "restore.conv": "conv3",
        "restore.norm": "bn3",
        "attention.mask": "attention.conv_mask",
        "attention.reduce": "attention.channel_add_conv.0",
        "attention.norm": "attention.channel_add_conv.1",
        "attention.restore": "attention.channel_add_conv.3",
        "shortcut.conv": "downsample.0",
        "shortcut.norm": "downsample.1",
    },
    layer=_by_stage,
)
MOBILENET = Naming(
    stem={"conv": "conv1.conv", "norm": "conv1.bn"},
    block={
        "expand.conv": "expand_conv.conv",
        "expand.norm": "expand_conv.bn",
        "middle.conv": "depthwise_conv.conv",
        "middle.norm": "depthwise_conv.bn",
        "attention.reduce": "se.conv1.conv",
        "attention.restore": "se.conv2.conv",
        "project.conv": "linear_conv.conv",
        "project.norm": "linear_conv.bn",
    },
    layer=_counted_through,
)
NAMINGS: Mapping[str, Naming] = {
    "resnet50": RESNET,
    "mobilenetv3": MOBILENET,
    "mobilenetv3-small": MOBILENET,
}


def mmpose_names(architecture: Architecture, ours: Iterable[str], head: str = HEADS[0]) -> dict[str, str]:
    """Our names of a network's state dict -> MMPose's; `head` is the prefix of the head's names.

    Raises DataError where MMPose has no names for the architecture's space.
    """
    if architecture.space not in NAMINGS:
        raise DataError(
            f"MMPose's names are known for networks of {', '.join(sorted(NAMINGS))}, "
            f"but this one is of space {architecture.space!r}. Keep its weights as safetensors."
        )
    naming = NAMINGS[architecture.space]
    names: dict[str, str] = {}
    for name in ours:
        module, _, leaf = name.rpartition(".")
        names[name] = f"{_module(naming, architecture, module, head)}.{leaf}"
    return names


def our_names(biggest: Architecture, ours: Iterable[str], theirs: Mapping[str, Tensor]) -> dict[str, str]:
    """MMPose's names of a checkpoint's tensors -> ours, for a network of whatever depths in a space.

    `biggest` is the space's biggest architecture and `ours` its supernet's names. Where blocks are counted
    through all stages, a stage is a row of alike blocks. Raises DataError where the rows are not the stages,
    and as `mmpose_names`.
    """
    stages = tuple(
        replace(stage, depth=depth)
        for stage, depth in zip(biggest.stages, _depths(biggest, theirs), strict=True)
    )
    there = replace(biggest, stages=stages)
    head = next((head for name in theirs for head in HEADS if name.startswith(f"{head}.")), HEADS[0])
    kept = [name for name in ours if _is_there(there, name)]
    counters = [name.replace(MEAN, COUNTER) for name in kept if name.endswith(MEAN)]  # supernets have none
    return {name: own for own, name in mmpose_names(there, (*kept, *counters), head).items()}


def _depths(biggest: Architecture, theirs: Mapping[str, Tensor]) -> tuple[int, ...]:
    """Blocks of each stage, from the shapes of blocks that are counted through; else the space's most."""
    blocks: dict[int, list[tuple[str, tuple[int, ...]]]] = {}
    for name, tensor in sorted(theirs.items()):
        if (found := _COUNTED.match(name)) is not None:
            blocks.setdefault(int(found[1]), []).append((found[2], tuple(tensor.shape)))
    rows = [len(list(row)) for _, row in groupby(blocks[number] for number in sorted(blocks))]
    if rows and len(rows) != len(biggest.stages):
        raise DataError(
            f"blocks that are counted through must be {len(biggest.stages)} rows, each of one width, kernel "
            f"and attention, to be known as the stages of {biggest.space!r}, but they are {len(rows)}. Give "
            "the network as safetensors of this platform (python -m platform.export)."
        )
    return tuple(rows) or tuple(stage.depth for stage in biggest.stages)


def _is_there(architecture: Architecture, name: str) -> bool:
    match name.split("."):
        case ["stages", stage, block, *_]:
            return int(block) < architecture.stages[int(stage)].depth
    return True


def _module(naming: Naming, architecture: Architecture, module: str, head: str) -> str:
    match module.split("."):
        case ["stem", part]:
            return f"backbone.{naming.stem[part]}"
        case ["stages", stage, block, *inside]:
            layer = naming.layer(architecture, int(stage), int(block))
            return f"backbone.{layer}.{naming.block['.'.join(inside)]}"
        case ["deconvs", index, part]:
            return f"{head}.deconv_layers.{3 * int(index) + ('conv', 'norm').index(part)}"
    assert module == "final", f"no part of a released network is called {module!r}"
    return f"{head}.final_layer"

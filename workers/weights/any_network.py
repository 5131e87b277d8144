"""One network from a file of weights, ours or MMPose's, with what it belongs to."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import final

from torch import nn

from spaces.architecture import Architecture
from spaces.registry import build_space
from spaces.space import SearchSpace
from workers.data.skeleton import COCO17
from workers.errors import DataError
from workers.weights.released import load_released, read_checkpoint
from workers.weights.safetensors import load_network, read_architecture, read_joints

INPUT_HW = (256, 192)  # of the released networks


@final
@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AnyNetwork:
    """A plain network in eval mode and what it belongs to."""

    space: SearchSpace
    architecture: Architecture
    network: nn.Module
    joints: tuple[str, ...]  # of its heatmaps, in order; COCO's where the file names none


def load_any_network(
    path: Path,
    architecture: Architecture | None = None,
    input_hw: tuple[int, int] | None = None,
) -> AnyNetwork:
    """Reads one network's .safetensors file, or one in MMPose's names, which needs `architecture`.

    `input_hw` is by default what the file says, or 256 x 192. Raises DataError where the file holds another
    network, or heatmaps whose joints it does not name and that are not COCO's 17.
    """
    if path.suffix == ".safetensors":
        found, own = read_architecture(path)
        space = build_space((architecture or own).space, found.keypoints, input_hw or found.input_hw)
        network = load_network(path, space, architecture or own)
        return _named(path, space, architecture or own, network, read_joints(path))
    if architecture is None:
        raise DataError(f"{path} does not say which network it holds. Give its architecture.")
    space = build_space(architecture.space, COCO17.keypoints, input_hw or INPUT_HW)
    network = load_released(space, architecture, read_checkpoint(path))
    return _named(path, space, architecture, network, COCO17.names)


def _named(
    path: Path, space: SearchSpace, architecture: Architecture, network: nn.Module, joints: tuple[str, ...]
) -> AnyNetwork:
    if len(joints) != space.keypoints:
        raise DataError(
            f"{path} must name the joints of its {space.keypoints} heatmaps, but it names none, and COCO has "
            f"{len(joints)}. Use the network.safetensors of a run."
        )
    return AnyNetwork(space=space, architecture=architecture, network=network, joints=joints)

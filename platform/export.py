"""Turns a checkpoint into files that run: DIR/key.onnx, checked against PyTorch, and DIR/key.safetensors.

The checkpoint is a .pth file in MMPose's names (0.x or 1.x), which also needs --architecture, or a
.safetensors file of one network, which says what it belongs to. Nothing in a foreign file is run. With
--mmpose 1.x weights in MMPose's names and a configuration for them, key.pth and key.py, are written as well.

A released network: python -m platform.export --architecture s-vipnas-res50 --checkpoint s.pth --out DIR

A network of a run: python -m platform.export --checkpoint network.safetensors --out DIR
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, final

from platform.terminal.command_line import parse, run
from platform.terminal.errors import UsageError

if TYPE_CHECKING:  # takes seconds to import: --help and a mistyped flag are answered before
    from torch import Tensor, nn

    from spaces.architecture import Architecture
    from spaces.space import SearchSpace

KEYPOINTS, INPUT_HW = 17, (256, 192)
HEAD_OF_VERSION = {"1.x": "head", "0.x": "keypoint_head"}


@final
@dataclass(frozen=True)
class ExportArguments:
    """Arguments of `python -m platform.export`: the weights, what they belong to and where files go."""

    checkpoint: Path
    """Weights: a .pth file in MMPose's names, or a .safetensors file of one network."""
    out: Path
    """Folder for key.onnx and key.safetensors; it is made where it is missing."""
    architecture: str | None = None
    """A published network (s-vipnas-res50, s-vipnas-mbv3, sbl-res50), or a file with an architecture's JSON.
    By default what the .safetensors file says."""
    keypoints: int | None = None
    """Keypoints that the network finds. By default what the .safetensors file says, or 17 as in COCO."""
    input_hw: tuple[int, int] | None = None
    """Input height and width in pixels. By default what the .safetensors file says, or 256 192."""
    mmpose: Literal["0.x", "1.x"] | None = None
    """Write key.pth as well, in the names of this MMPose, and for 1.x its configuration, key.py."""

    def __post_init__(self) -> None:
        if self.keypoints is not None and self.keypoints < 1:
            raise UsageError(f"--keypoints must be at least 1, but it is {self.keypoints}")


@final
@dataclass(frozen=True)
class NamedNetwork:
    """A network and what it belongs to."""

    space: SearchSpace
    architecture: Architecture
    network: nn.Module
    joints: tuple[str, ...]  # of its heatmaps, in order; none where nobody names them


def load(arguments: ExportArguments) -> NamedNetwork:
    """The network that the arguments name, in eval mode; VipnasError when the checkpoint is another's."""
    from platform.terminal.architectures import find_architecture
    from spaces.published import PUBLISHED
    from spaces.registry import build_space
    from workers.data.skeleton import COCO17
    from workers.weights.released import load_released, read_checkpoint

    if arguments.checkpoint.suffix == ".safetensors":
        return _load_own(arguments)
    if arguments.architecture is None:
        raise UsageError(
            f"{arguments.checkpoint} does not say which network it holds. "
            f"Give --architecture: {', '.join(PUBLISHED)}, or a file with an architecture's JSON."
        )
    architecture = find_architecture(arguments.architecture)
    space = build_space(architecture.space, arguments.keypoints or KEYPOINTS, arguments.input_hw or INPUT_HW)
    tensors = read_checkpoint(arguments.checkpoint)
    network = load_released(space, architecture, tensors)
    return NamedNetwork(space, architecture, network, _of(COCO17.names, space))


def _load_own(arguments: ExportArguments) -> NamedNetwork:
    from platform.terminal.architectures import find_architecture
    from spaces.registry import build_space
    from workers.weights.safetensors import load_network, read_architecture, read_joints

    found, architecture = read_architecture(arguments.checkpoint)
    if arguments.architecture is not None:
        architecture = find_architecture(arguments.architecture)
    space = build_space(
        architecture.space, arguments.keypoints or found.keypoints, arguments.input_hw or found.input_hw
    )
    network = load_network(arguments.checkpoint, space, architecture)
    return NamedNetwork(space, architecture, network, _of(read_joints(arguments.checkpoint), space))


def _of(joints: tuple[str, ...], space: SearchSpace) -> tuple[str, ...]:
    return joints if len(joints) == space.keypoints else ()


def write(named: NamedNetwork, out: Path, mmpose: str | None = None) -> None:
    """Writes the files and prints what they are; none is kept where ONNX Runtime disagrees with PyTorch."""
    from workers.data.normalise import MEAN_RGB, STD_RGB
    from workers.weights.onnx_export import GATE, export_onnx
    from workers.weights.released import to_released
    from workers.weights.safetensors import network_metadata, save_network

    space, architecture, network = named.space, named.architecture, named.network
    theirs = to_released(network, architecture, HEAD_OF_VERSION[mmpose]) if mmpose is not None else None
    stem = out / architecture.key
    cost = space.cost(architecture)
    print(f"{architecture.key}: {cost.params:,} params, {cost.gmacs:.3f} GMACs at {space.input_hw}")
    onnx = stem.with_suffix(".onnx")
    normalisation = {"mean_rgb": str(MEAN_RGB), "std_rgb": str(STD_RGB)}
    check = export_onnx(onnx, network, space.input_hw, network_metadata(space, architecture) | normalisation)
    print(f"{onnx}: ONNX Runtime repeats PyTorch's output within {check.relative:.1e} (allowed: {GATE:.0e})")
    save_network(stem.with_suffix(".safetensors"), network, space, architecture, named.joints)
    print(stem.with_suffix(".safetensors"))
    if mmpose is not None and theirs is not None:
        _write_theirs(stem.with_suffix(".pth"), theirs, named, mmpose)


def _write_theirs(path: Path, theirs: dict[str, Tensor], named: NamedNetwork, mmpose: str) -> None:
    """Weights, and for 1.x the configuration beside them, or why there is none."""
    from workers.data.skeleton import skeleton_from_names
    from workers.errors import DataError
    from workers.files import whole_file
    from workers.weights.foreign.mmpose_config import mmpose_config
    from workers.weights.released import write_checkpoint

    write_checkpoint(path, theirs)
    print(f"{path}: in the names of MMPose {mmpose}")
    if mmpose != "1.x":
        return
    numbered = tuple(f"keypoint_{number}" for number in range(1, named.space.keypoints + 1))
    skeleton, config = skeleton_from_names(named.joints or numbered), path.with_suffix(".py")
    try:
        text = mmpose_config(named.space, named.architecture, skeleton, path.name)
    except DataError as error:
        print(f"{config}: not written. {error}")
        return
    with whole_file(config) as draft:
        draft.write_text(text)
    unnamed = "" if named.joints else "; the file names no joints, so they are numbered"
    print(f"{config}: its configuration{unnamed}")


def main(argv: list[str]) -> int:
    arguments = parse(ExportArguments, argv, prog="python -m platform.export", description=__doc__)
    write(load(arguments), arguments.out, arguments.mmpose)
    return 0


if __name__ == "__main__":
    sys.exit(run(main, sys.argv[1:]))

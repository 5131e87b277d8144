"""Weights as safetensors, with what they belong to in the metadata; whoever reads them says what must fit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from spaces.architecture import Architecture
from spaces.errors import ArchitectureError
from spaces.registry import build_space
from spaces.space import SearchSpace
from workers.data.skeleton import COCO17
from workers.errors import DataError
from workers.files import whole_file
from workers.weights.fitting import checked_network


def save_weights(path: Path, weights: Mapping[str, Tensor], metadata: Mapping[str, str]) -> None:
    """Writes by temporary name and renames, so a file that exists is whole."""
    with whole_file(path) as draft:
        content = save({name: tensor.contiguous() for name, tensor in weights.items()}, dict(metadata))
        draft.write_bytes(content)  # save_file makes a file that nobody else may read


def load_weights(path: Path, expected: Mapping[str, str]) -> dict[str, Tensor]:
    """The weights, if their metadata agrees with `expected`; otherwise DataError naming both values."""
    metadata, weights = read_weights(path)
    for name, value in expected.items():
        if metadata.get(name) != value:
            raise DataError(
                f"{path} holds weights of {name} {metadata.get(name)!r}, but {value!r} is needed. "
                f"Give the file that belongs to {value!r}."
            )
    return weights


def network_metadata(space: SearchSpace, architecture: Architecture) -> dict[str, str]:
    """What a file of one network says of it; the architecture as JSON, the input size in pixels."""
    height, width = space.input_hw
    return {
        "key": architecture.key,
        "architecture": architecture.to_json(),
        "space": space.name,
        "keypoints": str(space.keypoints),
        "input_hw": f"{height}x{width}",
    }


def save_network(
    path: Path, network: nn.Module, space: SearchSpace, architecture: Architecture, joints: Sequence[str] = ()
) -> None:
    """The weights of an extracted network, with what they belong to; `joints` names its heatmaps in order."""
    named = {"joints": ",".join(joints)} if joints else {}
    save_weights(path, network.state_dict(), network_metadata(space, architecture) | named)


def load_network(path: Path, space: SearchSpace, architecture: Architecture) -> nn.Module:
    """The network of `architecture`, in eval mode, with the weights that `save_network` wrote.

    Raises DataError naming both keys, or both numbers of keypoints, where they are another network's.
    """
    weights = load_weights(path, {"key": architecture.key, "keypoints": str(space.keypoints)})
    network = checked_network(path, lambda: space.network(architecture), weights, architecture.key)
    network.load_state_dict(weights)
    return network.eval()


def load_supernet(path: Path, space: SearchSpace) -> dict[str, Tensor]:
    """The supernet's weights; DataError where the file's are of another space or of other joints."""
    weights = load_weights(path, {"space": space.name, "keypoints": str(space.keypoints)})
    checked_network(path, space.supernet, weights, f"the supernet of {space.name}")
    return weights


def read_architecture(path: Path) -> tuple[SearchSpace, Architecture]:
    """What the weights that `save_network` wrote belong to."""
    metadata, _ = read_weights(path, weights=False)
    try:
        architecture = Architecture.from_json(metadata["architecture"])
        height, width = (int(side) for side in metadata["input_hw"].split("x"))
        space = build_space(architecture.space, int(metadata["keypoints"]), (height, width))
    except (KeyError, ValueError, ArchitectureError) as error:
        raise DataError(
            f"{path} must hold the weights of one network, with architecture, keypoints and input_hw in its "
            f"metadata, but: {error!r}. A supernet's weights belong to no single architecture."
        ) from error
    return space, architecture


def read_joints(path: Path) -> tuple[str, ...]:
    """The joints that a network's file names; COCO's where it names none, as released networks do not."""
    metadata, _ = read_weights(path, weights=False)
    if "joints" not in metadata:
        return COCO17.names
    joints, keypoints = tuple(metadata["joints"].split(",")), metadata.get("keypoints")
    if keypoints != str(len(joints)):
        raise DataError(
            f"{path} must name each of its joints, but it names {len(joints)} in joints and has {keypoints} "
            "in keypoints. Restore the file."
        )
    return joints


def read_weights(path: Path, *, weights: bool = True) -> tuple[dict[str, str], dict[str, Tensor]]:
    """Metadata and, unless they are not wanted, the weights; DataError where the file cannot be read."""
    if path.exists() and not path.is_file():
        raise DataError(f"{path} must be readable safetensors weights, but it is no plain file")
    try:
        with safe_open(path, framework="pt") as file:
            names = file.keys() if weights else ()
            return file.metadata() or {}, {name: file.get_tensor(name) for name in names}
    except (OSError, SafetensorError) as error:
        raise DataError(f"{path} must be readable safetensors weights, but: {error}") from error

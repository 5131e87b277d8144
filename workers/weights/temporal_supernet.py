"""A trained T supernet's file: its weights, with everything that is needed to build it again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import final, get_args

from torch import Tensor

from spaces.architecture import Architecture
from spaces.errors import ArchitectureError
from spaces.registry import build_space
from spaces.temporal.allocation import Operation
from spaces.temporal.network import TemporalSupernet
from spaces.temporal.temporal_space import TemporalSpace
from workers.errors import DataError
from workers.weights.fitting import checked_network
from workers.weights.safetensors import read_weights, save_weights


@final
@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TrainedTemporal:
    """A trained T supernet as its file holds it."""

    space: TemporalSpace
    joints: tuple[str, ...]
    trained_frames: int  # T in training
    weights: Mapping[str, Tensor]

    def supernet(self) -> TemporalSupernet:
        """The T supernet in eval mode; each subnet's BatchNorm is to be recalibrated before use."""
        supernet = self.space.supernet()
        supernet.load_state_dict(dict(self.weights))
        return supernet.eval()


def save_temporal_supernet(
    path: Path,
    weights: Mapping[str, Tensor],
    space: TemporalSpace,
    joints: Sequence[str],
    trained_frames: int,
) -> None:
    """Writes a trained T supernet, whole or not at all; `joints` names its heatmaps in order."""
    height, width = space.spatial.input_hw
    metadata = {
        "space": space.name,
        "key_frame": space.key_frame.to_json(),
        "operations": ",".join(space.operations),
        "keypoints": str(space.spatial.keypoints),
        "joints": ",".join(joints),
        "input_hw": f"{height}x{width}",
        "trained_frames": str(trained_frames),
    }
    save_weights(path, weights, metadata)


def load_temporal_supernet(path: Path) -> TrainedTemporal:
    """Raises DataError naming the file where it is not what `save_temporal_supernet` wrote."""
    metadata, weights = read_weights(path)
    try:
        joints = tuple(metadata["joints"].split(","))
        trained = TrainedTemporal(
            space=_space(metadata, len(joints)),
            joints=joints,
            trained_frames=int(metadata["trained_frames"]),
            weights=weights,
        )
    except (KeyError, ValueError, ArchitectureError) as error:
        raise DataError(
            f"{path} must hold a trained T supernet, with key_frame, operations, joints, input_hw and "
            f"trained_frames in its metadata, but: {error!r}. The stage temporal_train writes one."
        ) from error
    checked_network(path, trained.space.supernet, weights, "the T supernet that its metadata describe")
    return trained


def _space(metadata: Mapping[str, str], keypoints: int) -> TemporalSpace:
    key_frame = Architecture.from_json(metadata["key_frame"])
    height, width = (int(side) for side in metadata["input_hw"].split("x"))
    known = metadata["operations"].split(",")
    operations: tuple[Operation, ...] = tuple(each for each in get_args(Operation) if each in known)
    return TemporalSpace(build_space(key_frame.space, keypoints, (height, width)), key_frame, operations)

"""A found allocation's file: the plain networks of the key frame and of every frame behind it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import final

from torch import Tensor, nn

from spaces.architecture import Architecture
from spaces.errors import ArchitectureError
from spaces.temporal.allocation import Allocation, FrameChoice
from spaces.temporal.allocation_space import AllocationSpace
from spaces.temporal.average import Average, average
from workers.errors import DataError
from workers.weights.fitting import checked_network
from workers.weights.key_frame import KeyFrame
from workers.weights.safetensors import read_weights, save_weights

KEY = "key_frame."


@final
@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TrainedAllocation:
    """All that is needed to follow people through a video."""

    key_frame: KeyFrame
    allocation: Allocation
    weights: tuple[Mapping[str, Tensor], ...]  # of each frame's plain network, with statistics of BatchNorm

    @property
    def cost(self) -> Average:
        """Cost of one person and frame on average, key frames included, as in the paper's tables."""
        space = AllocationSpace(self.key_frame.temporal(), len(self.allocation.frames))
        return average(space, self.allocation)

    def frame_networks(self) -> list[nn.Module]:
        """The T plain networks behind the key frame's, in training mode.

        Raises ArchitectureError where a frame is none of this space.
        """
        temporal = self.key_frame.temporal()
        plain: list[nn.Module] = []
        for choice, weights in zip(self.allocation.frames, self.weights, strict=True):
            temporal.check(choice)
            network = temporal.network(choice)
            network.load_state_dict(dict(weights))
            plain.append(network)
        return plain

    def without_fusion(self) -> TrainedAllocation:
        """A copy whose CNNs see no heatmaps of the frame before (Figure 6a's control)."""
        frames = tuple(FrameChoice(each.architecture, None) for each in self.allocation.frames)
        alone = tuple(
            {name: tensor for name, tensor in weights.items() if not name.startswith("fusions.")}
            for weights in self.weights
        )
        return replace(self, allocation=replace(self.allocation, frames=frames), weights=alone)


def save_allocation(path: Path, trained: TrainedAllocation) -> None:
    """One file by temporary name and rename, so that a file that exists is whole."""
    key, (height, width) = trained.key_frame, trained.key_frame.input_hw
    tensors = {f"{KEY}{name}": tensor for name, tensor in key.weights.items()}
    for number, weights in enumerate(trained.weights, start=1):
        tensors |= {f"{_prefix(number)}{name}": tensor for name, tensor in weights.items()}
    metadata = {
        "allocation": trained.allocation.to_json(),
        "key_frame": key.architecture.to_json(),
        "joints": ",".join(key.joints),
        "input_hw": f"{height}x{width}",
    }
    save_weights(path, tensors, metadata)


def load_allocation(path: Path) -> TrainedAllocation:
    """Raises DataError naming the file where it is not what `save_allocation` wrote."""
    metadata, tensors = read_weights(path)
    try:
        allocation = Allocation.from_json(metadata["allocation"])
        height, width = (int(side) for side in metadata["input_hw"].split("x"))
        key_frame = KeyFrame(
            architecture=Architecture.from_json(metadata["key_frame"]), input_hw=(height, width),
            joints=tuple(metadata["joints"].split(",")), weights=_part(tensors, KEY),
        )  # fmt: skip
        spatial = key_frame.spatial
    except (KeyError, ValueError, ArchitectureError) as error:
        raise DataError(
            f"{path} must hold the networks of an allocation, with allocation, key_frame, joints and "
            f"input_hw in its metadata, but: {error!r}. The stage temporal_search writes one."
        ) from error
    numbers = range(1, len(allocation.frames) + 1)
    weights = tuple(_part(tensors, _prefix(number)) for number in numbers)
    key = key_frame.architecture
    checked_network(path, lambda: spatial.network(key), key_frame.weights, f"the key frame {key.key}")
    for number, choice, own in zip(numbers, allocation.frames, weights, strict=True):
        network = partial(key_frame.temporal().network, choice)
        checked_network(path, network, own, f"frame {number} of {allocation.key}")
    return TrainedAllocation(key_frame=key_frame, allocation=allocation, weights=weights)


def _prefix(number: int) -> str:
    return f"frame{number}."


def _part(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): each for name, each in tensors.items() if name.startswith(prefix)}

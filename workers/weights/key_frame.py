"""S-ViPNet as the temporal level needs it: fixed, and what T-ViPNets begin from (section 3.4.2)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import final

from torch import Tensor, nn

from spaces.architecture import Architecture
from spaces.registry import build_space
from spaces.space import SearchSpace
from spaces.temporal.allocation import OPERATIONS, Operation
from spaces.temporal.temporal_space import TemporalSpace
from workers.weights.joints import with_joints_of
from workers.weights.safetensors import load_network, read_architecture, read_joints


@final
@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class KeyFrame:
    """The network of every key frame, as a value that travels to workers."""

    architecture: Architecture
    input_hw: tuple[int, int]
    joints: tuple[str, ...]  # of its heatmaps, in order
    weights: Mapping[str, Tensor]  # of the plain network, statistics of BatchNorm included

    @property
    def spatial(self) -> SearchSpace:
        """The space in which it was found."""
        return build_space(self.architecture.space, len(self.joints), self.input_hw)

    def temporal(self, operations: tuple[Operation, ...] = OPERATIONS) -> TemporalSpace:
        """Everything that a T-ViPNet below it can be."""
        return TemporalSpace(self.spatial, self.architecture, operations)

    def network(self) -> nn.Module:
        """The plain network in eval mode, without gradients: equal heatmaps whatever the batch."""
        network = self.spatial.network(self.architecture)
        network.load_state_dict(dict(self.weights))
        return network.eval().requires_grad_(False)


def read_key_frame(path: Path, joints: Sequence[str]) -> KeyFrame:
    """The network that `save_network` wrote, its heatmaps in the order of `joints`.

    A network of other joints, such as COCO's, gives these as `with_joints_of` moves them. Raises DataError
    where the file holds no single network.
    """
    space, architecture = read_architecture(path)
    weights = load_network(path, space, architecture).state_dict()
    trained = read_joints(path)
    if trained != tuple(joints):
        weights = with_joints_of(weights, trained, joints)
    return KeyFrame(architecture=architecture, input_hw=space.input_hw, joints=tuple(joints), weights=weights)

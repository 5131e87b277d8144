"""Weights that a training is given to begin with: read from whatever file, under our names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import final

import torch
from torch import Tensor

from spaces.architecture import Architecture
from spaces.extract import extract
from spaces.first_weights import COUNTER, Match, filled, match_tensors, shared_layout
from spaces.registry import build_space
from spaces.space import SearchSpace
from workers.data.skeleton import COCO17
from workers.errors import DataError
from workers.weights.foreign.mmpose_names import HEADS, NAMINGS, our_names
from workers.weights.foreign.state_dicts import averaged_names
from workers.weights.joints import FINAL_LAYER, with_joints_of
from workers.weights.released import read_checkpoint
from workers.weights.safetensors import read_weights

THEIRS = ("backbone.", *(f"{head}." for head in HEADS), "ema_backbone_")
SHOWN_NAMES = 3  # tensors that a line names
GivenTensors = Mapping[str, Tensor]


@final
@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GivenWeights:
    """One spatial network's tensors, or a supernet's, by our names."""

    path: Path
    space: str
    shared: bool
    """Whether they are a supernet's, in its layout."""
    tensors: GivenTensors
    joints: tuple[str, ...] | None
    """One for each heatmap, in order; None where nobody knows."""

    @property
    def keypoints(self) -> int:
        """Heatmaps of the network; COCO's where it has no last layer."""
        last = self.tensors.get(FINAL_LAYER[0])
        return COCO17.keypoints if last is None else len(last)

    def for_joints(self, joints: Sequence[str]) -> GivenWeights:
        """The last layer's rows in the order of `joints`, where its own are known."""
        if self.joints is None or self.joints == tuple(joints) or FINAL_LAYER[0] not in self.tensors:
            return self
        moved = with_joints_of(self.tensors, self.joints, joints)
        return replace(self, tensors=moved, joints=tuple(joints))

    def for_supernet(self) -> GivenTensors:
        """What `filled(..., leading=True)` puts into a supernet of the space."""
        return self.tensors if self.shared else shared_layout(self.tensors)

    def for_network(self, architecture: Architecture, input_hw: tuple[int, int]) -> GivenTensors:
        """What fits the plain network of `architecture` by shape: of a supernet its slice."""
        if not self.shared:
            return self.tensors
        space = build_space(self.space, self.keypoints, input_hw)
        supernet = space.supernet()
        own = supernet.state_dict()
        whole = set(match_tensors(own, self.tensors).loaded)
        supernet.load_state_dict(filled(own, self.tensors))
        sliced = extract(space, supernet, architecture).state_dict()
        return {name: tensor for name, tensor in sliced.items() if name in whole}


def read_given(path: Path, space: SearchSpace) -> GivenWeights:
    """The weights in a file for networks or the supernet of `space`, whatever their joints and crops.

    Ours are safetensors; anything else is read as a PyTorch checkpoint, in MMPose's names or ours, and
    nothing in it is run. Raises DataError where it is no such file, or of another space or level.
    """
    metadata, tensors = read_weights(path) if path.suffix == ".safetensors" else ({}, read_checkpoint(path))
    _check_kind(path, metadata, space)
    _check_numbers(path, tensors)
    named = _by_our_names(path, tensors, space)
    joints = tuple(metadata["joints"].split(",")) if "joints" in metadata else None
    last = named.get(FINAL_LAYER[0])
    if joints is None and last is not None and len(last) == COCO17.keypoints:
        joints = COCO17.names
    if joints is not None and last is not None and len(joints) != len(last):
        raise DataError(f"{path} must name each of its {len(last)} joints, but it names {len(joints)}")
    return GivenWeights(
        path=path, space=space.name, shared=_is_shared(metadata, named, space), tensors=named,
        joints=joints,
    )  # fmt: skip


def told(found: Match, path: Path) -> str:
    """How much of the file is taken, and what of the network and of the file is left."""
    rest = [
        f"{len(names)} {what}: {_some(names)}"
        for what, names in (
            ("not in it", found.missing),
            ("of another shape", found.of_another_shape),
            ("of the file not used", found.unused),
        )
        if names
    ]
    return ", ".join((f"{len(found.loaded)} of {found.total} tensors loaded from {path}", *rest))


def check_some(found: Match, path: Path, what: str) -> None:
    """DataError where nothing of the network, beside its last layer, comes from the file."""
    if not set(found.loaded) - set(FINAL_LAYER):
        raise DataError(f"{path} must hold weights that fit {what}, but nothing does: {told(found, path)}")


def check_fits_somewhere(given: GivenWeights, space: SearchSpace) -> None:
    """DataError where no architecture of the space can take anything of the file."""
    with torch.device("meta"):
        own = build_space(space.name, given.keypoints, space.input_hw).supernet().state_dict()
    found = match_tensors(own, given.for_supernet(), leading=True)
    check_some(found, given.path, f"a network of space {space.name!r}")


def _check_kind(path: Path, metadata: Mapping[str, str], space: SearchSpace) -> None:
    if "key_frame" in metadata:
        raise DataError(
            f"{path} must hold one network or a supernet of the spatial level, but it holds networks of the "
            "temporal level. Give a network.safetensors or supernet.safetensors."
        )
    if "space" in metadata and metadata["space"] != space.name:
        raise DataError(
            f"{path} must hold weights of space {space.name!r}, but they are of {metadata['space']!r}"
        )


def _check_numbers(path: Path, tensors: GivenTensors) -> None:
    for name, tensor in tensors.items():
        if name.endswith(COUNTER):
            continue
        if not tensor.is_floating_point() or not tensor.isfinite().all():
            raise DataError(
                f"{path} must hold finite floating-point weights, but {name!r} has others. Give a file from "
                "before the training diverged, or the network was quantised."
            )


def _by_our_names(path: Path, tensors: GivenTensors, space: SearchSpace) -> GivenTensors:
    """Under our names where they are MMPose's, or torchvision's of a backbone alone."""
    theirs = any(name.startswith(THEIRS) for name in tensors)
    alone = not theirs and any(name.startswith(("layer1.", "conv1.")) for name in tensors)
    if not theirs and not alone:
        return tensors
    if space.name not in NAMINGS:
        raise DataError(
            f"{path} has MMPose's names, which are known for networks of {', '.join(sorted(NAMINGS))}, but "
            f"this run's space is {space.name!r}. Give a file of this platform."
        )
    named = {f"backbone.{name}" if alone else name: tensor for name, tensor in tensors.items()}
    with torch.device("meta"):
        supernet = space.supernet().state_dict()
    try:
        names = our_names(space.biggest(), supernet, named)
    except DataError as error:
        raise DataError(f"{path}: {error}") from error
    averaged = averaged_names(names)
    return {
        names.get(averaged.get(name, name), before): tensor
        for before, (name, tensor) in zip(tensors, named.items(), strict=True)
    }


def _is_shared(metadata: Mapping[str, str], tensors: GivenTensors, space: SearchSpace) -> bool:
    """A supernet: a file of ours that names no architecture, or a foreign one of just its shapes."""
    if "space" in metadata:
        return "architecture" not in metadata
    keypoints = len(tensors[FINAL_LAYER[0]]) if FINAL_LAYER[0] in tensors else space.keypoints
    with torch.device("meta"):
        own = build_space(space.name, keypoints, space.input_hw).supernet().state_dict()
    found = match_tensors(own, tensors)
    return len(found.loaded) == found.total


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(names[:SHOWN_NAMES])
    return shown if len(names) <= SHOWN_NAMES else f"{shown}, ..."

"""Checkpoints in MMPose's naming, read into our networks and written out again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from spaces.architecture import Architecture
from spaces.first_weights import COUNTER
from spaces.space import SearchSpace
from workers.data.normalise import MEAN_RGB, STD_RGB
from workers.errors import DataError
from workers.files import whole_file
from workers.weights.foreign.mmpose_names import HEADS, mmpose_names
from workers.weights.foreign.state_dicts import averaged_names, network_tensors
from workers.weights.foreign.torch_files import BROKEN, TENSOR_LIMIT, StoredTensor, open_torch_file

NAMED = 4  # keys that an error message names
PREPROCESSOR = "data_preprocessor."  # of MMPose 1.x, where it is among the weights


def read_checkpoint(path: Path) -> dict[str, Tensor]:
    """A network's tensors by name in a foreign .pth file, in single precision and on the CPU.

    They are found wherever a training leaves them: alone, under 'state_dict', 'model' and the like, behind
    'module.' and other wrappers' names, beside an optimizer, a log or a moving average, which is taken only
    where it is alone, or in a module that was saved whole. Nothing in the file is run.
    Raises DataError that says what the file is where it holds no weights, or such as are not finite.
    """
    with open_torch_file(path) as value:
        try:
            stored = network_tensors(value)
            if sum(each.bytes for each in stored.values()) > TENSOR_LIMIT:
                raise DataError(
                    f"must hold at most {TENSOR_LIMIT:,} bytes of weights, but says that it has more"
                )
            return {name: _weights(name, each) for name, each in stored.items()}
        except DataError as error:
            raise DataError(f"{path} {error}.") from error


def _weights(name: str, stored: StoredTensor) -> Tensor:
    try:
        tensor = stored.read()
    except BROKEN as error:
        raise DataError(f"must be whole, but {name!r} cannot be read: {error}. Get the file again") from error
    if name.endswith(COUNTER):
        return tensor
    if not tensor.is_floating_point():
        raise DataError(
            f"must hold weights as floating-point numbers, but {name!r} is {stored.kind}. "
            "Give the network from before it was quantised"
        )
    tensor = tensor.float()
    least = tensor.min().item() if name.endswith("running_var") and tensor.numel() else 0.0
    if not tensor.isfinite().all() or least < 0:
        raise DataError(
            f"must hold finite weights, and variances of 0 or more, but {name!r} has others. "
            "Give a checkpoint from before the training diverged"
        )
    return tensor


def load_released(space: SearchSpace, architecture: Architecture, tensors: Mapping[str, Tensor]) -> nn.Module:
    """The network of `architecture`, in eval mode, with the tensors that MMPose's names (0.x or 1.x) give it.

    Raises DataError naming the keys that are missing or unknown, or the first shape that does not fit.
    """
    network = space.network(architecture)
    own = network.state_dict()
    names = mmpose_names(architecture, own, _head_prefix(tensors))
    averaged = averaged_names(names.values())
    tensors = {averaged.get(name, name): tensor for name, tensor in tensors.items()}
    _check_normalisation(tensors)
    given = {name for name in tensors if not name.startswith(PREPROCESSOR)}
    _check_names(architecture, set(names.values()), given)
    counters = {
        name: tensors[theirs].reshape(())
        for name, theirs in names.items()
        if name.endswith(COUNTER) and theirs in tensors and tensors[theirs].numel() == 1
    }
    kept = {name: theirs for name, theirs in names.items() if not name.endswith(COUNTER)}
    for name, theirs in kept.items():
        if tensors[theirs].shape != own[name].shape:
            raise DataError(
                f"{theirs!r} must have the shape {tuple(own[name].shape)} in {architecture.key!r} with "
                f"{space.keypoints} keypoints, but the checkpoint has {tuple(tensors[theirs].shape)}. "
                "Give the architecture and the number of keypoints that it was trained with."
            )
    network.load_state_dict(own | {name: tensors[theirs] for name, theirs in kept.items()} | counters)
    return network.eval()


def to_released(network: nn.Module, architecture: Architecture, head: str = HEADS[0]) -> dict[str, Tensor]:
    """The state dict of `network` in MMPose's names; `head` is 'head' (1.x) or 'keypoint_head' (0.x)."""
    if head not in HEADS:
        raise DataError(f"MMPose calls the head {' or '.join(map(repr, HEADS))}, but {head!r} was asked for")
    own = network.state_dict()
    return {theirs: own[name] for name, theirs in mmpose_names(architecture, own, head).items()}


def write_checkpoint(path: Path, tensors: Mapping[str, Tensor]) -> None:
    """A .pth file as MMPose reads it: the tensors under 'state_dict', beside an empty 'meta'."""
    with whole_file(path) as draft:
        torch.save({"meta": {}, "state_dict": dict(tensors)}, draft)


def _head_prefix(tensors: Iterable[str]) -> str:
    found = (head for name in tensors for head in HEADS if name.startswith(f"{head}."))
    return next(found, HEADS[0])


def _check_normalisation(tensors: Mapping[str, Tensor]) -> None:
    for what, own in (("mean", MEAN_RGB), ("std", STD_RGB)):
        theirs = tensors.get(f"{PREPROCESSOR}{what}")
        if theirs is not None and not np.allclose(theirs.flatten().tolist(), own, atol=0.01):
            raise DataError(
                f"the checkpoint's images must have been normalised with the {what} {own} of red, green and "
                f"blue, but its were with {theirs.flatten().tolist()}. Its figures would be others here."
            )


def _check_names(architecture: Architecture, needed: set[str], given: set[str]) -> None:
    lacking = {name for name in needed - given if not name.endswith(COUNTER)}
    wrong = {"lacks": lacking, "has besides": given - needed}
    told = [f"{what} {_some(names)}" for what, names in wrong.items() if names]
    if told:
        raise DataError(
            f"the checkpoint must hold exactly the network of {architecture.key!r}, "
            f"but it {' and '.join(told)}. Give the architecture that it was trained with."
        )


def _some(names: set[str]) -> str:
    shown = ", ".join(sorted(names)[:NAMED])
    return shown if len(names) <= NAMED else f"{shown} and {len(names) - NAMED} more"

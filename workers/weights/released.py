"""Checkpoints in MMPose's naming, read into our networks and written out again."""

from __future__ import annotations

import pickle
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy._core import multiarray
from torch import Tensor, nn

from spaces.architecture import Architecture
from spaces.space import SearchSpace
from workers.errors import DataError
from workers.files import whole_file
from workers.weights.mmpose_names import HEADS, mmpose_names

PARALLEL = "module."  # what DataParallel puts before every name
NAMED = 4  # keys that an error message names

# MMPose keeps the data set's description beside the weights, joint sigmas and colours as NumPy arrays. These
# only make arrays; they are named as NumPy 1 and NumPy 2 pickle them.
_NUMPY: list[Any] = [np.ndarray, np.dtype, *(type(np.dtype(code)) for code in "?bBhHiIlLqQefd")]
_NUMPY += [
    (getattr(multiarray, name), f"{module}.multiarray.{name}")
    for name in ("_reconstruct", "scalar")
    for module in ("numpy.core", "numpy._core")
]


def read_checkpoint(path: Path) -> dict[str, Tensor]:
    """The tensors of a foreign .pth file by name, from a plain state dict or from under 'state_dict'.

    Nothing in the file is run. Raises DataError when it cannot be read so, or holds something else.
    """
    value = _unpickle(path)
    if isinstance(value, Mapping) and "state_dict" in value:
        value = value["state_dict"]
    if not isinstance(value, Mapping) or not value:
        raise DataError(f"{path} must hold a state dict, or one under 'state_dict', but holds {_kind(value)}")
    for name, tensor in value.items():
        if not isinstance(tensor, Tensor):
            raise DataError(f"{path} must hold a tensor under every name, but {name!r} is {_kind(tensor)}")
    return {str(name).removeprefix(PARALLEL): tensor for name, tensor in value.items()}


def load_released(space: SearchSpace, architecture: Architecture, tensors: Mapping[str, Tensor]) -> nn.Module:
    """The network of `architecture`, in eval mode, with the tensors that MMPose's names (0.x or 1.x) give it.

    Raises DataError naming the keys that are missing or unknown, or the first shape that does not fit.
    """
    network = space.network(architecture)
    own = network.state_dict()
    names = mmpose_names(architecture, own, _head_prefix(tensors))
    _check_names(architecture, set(names.values()), set(tensors))
    for name, theirs in names.items():
        if tensors[theirs].shape != own[name].shape:
            raise DataError(
                f"{theirs!r} must have the shape {tuple(own[name].shape)} in {architecture.key!r} with "
                f"{space.keypoints} keypoints, but the checkpoint has {tuple(tensors[theirs].shape)}. "
                "Give the architecture and the number of keypoints that it was trained with."
            )
    network.load_state_dict({name: tensors[theirs] for name, theirs in names.items()})
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


def _unpickle(path: Path) -> Any:
    try:
        with torch.serialization.safe_globals(_NUMPY):
            return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        called = re.search(r"GLOBAL (\S+)", str(error))
        wants = f"it calls {called[1]!r}" if called else "it is no such file"
        raise DataError(
            f"{path} must be a PyTorch checkpoint of tensors alone, but {wants}. It was not run. "
            "Get the file from its publisher again, or save its state dict alone."
        ) from error
    except (OSError, EOFError, RuntimeError) as error:
        raise DataError(f"{path} must be a readable PyTorch checkpoint, but: {error}") from error


def _head_prefix(tensors: Iterable[str]) -> str:
    found = (head for name in tensors for head in HEADS if name.startswith(f"{head}."))
    return next(found, HEADS[0])


def _check_names(architecture: Architecture, needed: set[str], given: set[str]) -> None:
    wrong = {"lacks": needed - given, "has besides": given - needed}
    told = [f"{what} {_some(names)}" for what, names in wrong.items() if names]
    if told:
        raise DataError(
            f"the checkpoint must hold exactly the network of {architecture.key!r}, "
            f"but it {' and '.join(told)}. Give the architecture that it was trained with."
        )


def _some(names: set[str]) -> str:
    shown = ", ".join(sorted(names)[:NAMED])
    return shown if len(names) <= NAMED else f"{shown} and {len(names) - NAMED} more"


def _kind(value: object) -> str:
    return f"a {type(value).__name__}" if value != {} else "nothing"

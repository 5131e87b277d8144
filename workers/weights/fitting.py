"""Whether weights are those of a network: names, shapes and kinds, before any of them is used."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from pathlib import Path

from torch import Tensor, nn

from spaces.errors import ArchitectureError
from workers.errors import DataError

_NAMED = 3  # tensors that an error message names


def _check(path: Path, network: nn.Module, weights: Mapping[str, Tensor], what: str) -> None:
    """Raises DataError, naming the file and the first tensors that differ, where they are another network's.

    `what` is the network's name, or what it is, for a person to read.
    """
    own = network.state_dict()
    wrong = {"lacks": own.keys() - weights.keys(), "has besides": weights.keys() - own.keys()}
    told = [f"{how} {_some(names)}" for how, names in wrong.items() if names]
    for name in sorted(own.keys() & weights.keys()):
        found, needed = weights[name], own[name]
        if found.shape != needed.shape:
            told.append(f"has {name} of {tuple(found.shape)}, not {tuple(needed.shape)}")
        elif found.is_floating_point() != needed.is_floating_point():
            told.append(f"has {name} as {found.dtype}, not {needed.dtype}")
    if told:
        raise DataError(
            f"{path} must hold the weights of {what}, but it {'; '.join(told[:_NAMED])}. Its metadata and "
            "its weights belong to different networks: restore the file, or remove it and give the command "
            "that wrote it again."
        )


def checked_network(
    path: Path, make: Callable[[], nn.Module], weights: Mapping[str, Tensor], what: str
) -> nn.Module:
    """The network that `make` builds of what the file's metadata say, which the weights fit.

    Raises DataError as `_check`, also where the metadata describe no network that can be built.
    """
    try:
        network = make()
    except (ArithmeticError, LookupError, RuntimeError, TypeError, ValueError, ArchitectureError) as error:
        raise DataError(
            f"{path} must describe {what} in its metadata, but what it describes cannot be built: {error}. "
            "Restore the file."
        ) from error
    _check(path, network, weights, what)
    return network


def _some(names: Collection[str]) -> str:
    shown = ", ".join(sorted(names)[:_NAMED])
    return shown if len(names) <= _NAMED else f"{shown} and {len(names) - _NAMED} more"

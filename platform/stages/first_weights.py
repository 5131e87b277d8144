"""Trainings that begin with a file's weights: what fits is put in the place of new ones, and counted."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from torch import Tensor

from platform.config.stage_names import StageName
from platform.run.context import Run
from platform.terminal.errors import ConfigError
from platform.training.on_ray_train import begins
from spaces.architecture import Architecture
from spaces.first_weights import Match, filled, match_tensors
from spaces.initialise import initialise
from spaces.space import SearchSpace
from spaces.temporal.allocation import Operation
from spaces.temporal.from_spatial import start_from_spatial
from workers.errors import DataError
from workers.weights.allocation import TrainedAllocation, load_allocation
from workers.weights.given import GivenWeights, check_some, read_given, told
from workers.weights.key_frame import KeyFrame
from workers.weights.temporal_supernet import load_temporal_supernet

FirstWeights = dict[str, Tensor]


def begin_supernet(
    context: Run, stage: StageName, space: SearchSpace, joints: tuple[str, ...]
) -> FirstWeights | None:
    """The supernet's whole state with the given file's weights in it; None where none is given or needed."""
    path = _wanted(context, stage, context.config.train.init)
    if path is None:
        return None
    task = context.spatial_task()
    own = initialise(space.supernet(), task.seed, task.train.init_sigma).state_dict()
    given = _given(context, stage, path, space, joints).for_supernet()
    found = match_tensors(own, given, leading=True)
    _say(context, stage, found, path, f"the supernet of {space.name!r}")
    return filled(own, given, leading=True)


def begin_network(
    context: Run, stage: StageName, space: SearchSpace, architecture: Architecture, joints: tuple[str, ...]
) -> FirstWeights | None:
    """The plain network's whole state with the given file's weights; None where none is given or needed."""
    path = _wanted(context, stage, context.config.retrain.init)
    if path is None:
        return None
    task = context.spatial_task()
    own = initialise(space.network(architecture), task.seed, task.train.init_sigma).state_dict()
    given = _given(context, stage, path, space, joints).for_network(architecture, space.input_hw)
    _say(context, stage, match_tensors(own, given), path, architecture.key)
    return filled(own, given)


def begin_temporal(
    context: Run, stage: StageName, start: KeyFrame, operations: tuple[Operation, ...]
) -> FirstWeights | None:
    """A T supernet's whole state below `start`, with the given one's weights; None where none is needed."""
    path = _wanted(context, stage, context.config.temporal.init)
    if path is None:
        return None
    given = load_temporal_supernet(path)
    _check_joints(path, given.joints, start.joints)
    space, task = start.temporal(operations), context.spatial_task()
    supernet = space.supernet()
    start_from_spatial(space, supernet, start.weights, task.seed, task.train.init_sigma)
    own = supernet.state_dict()
    found = match_tensors(own, given.weights, leading=True)
    _say(context, stage, found, path, "the T supernet below this key frame")
    return filled(own, given.weights, leading=True)


def begin_allocation(context: Run, stage: StageName, found: TrainedAllocation) -> TrainedAllocation:
    """The found networks with the given allocation's weights in their place, frame by frame."""
    path = _wanted(context, stage, context.config.temporal.retrain.init)
    if path is None:
        return found
    given = load_allocation(path)
    _check_joints(path, given.key_frame.joints, found.key_frame.joints)
    own, theirs = (_by_frame(each) for each in (found, given))
    _say(context, stage, match_tensors(own, theirs), path, f"the networks of {found.allocation.key}")
    frames = (*given.weights, *({},) * len(found.weights))
    weights = tuple(filled(mine, one) for mine, one in zip(found.weights, frames, strict=False))
    return replace(found, weights=weights)


def _by_frame(trained: TrainedAllocation) -> FirstWeights:
    return {
        f"frame{number}.{name}": tensor
        for number, weights in enumerate(trained.weights, start=1)
        for name, tensor in weights.items()
    }


def _wanted(context: Run, stage: StageName, path: Path | None) -> Path | None:
    if path is None or not begins(context, stage):
        return None
    if not path.is_file():
        raise ConfigError(f"{stage} begins with the weights in {path}, but it is no file. Restore it.")
    return path


def _given(
    context: Run, stage: StageName, path: Path, space: SearchSpace, joints: tuple[str, ...]
) -> GivenWeights:
    given = read_given(path, space)
    moved = given.for_joints(joints)
    if moved is not given:
        context.say(stage, f"init: the heatmaps of {path} go to the joints of their names")
    return moved


def _say(context: Run, stage: StageName, found: Match, path: Path, what: str) -> None:
    check_some(found, path, what)
    context.say(stage, f"init: {told(found, path)}")


def _check_joints(path: Path, theirs: tuple[str, ...], ours: tuple[str, ...]) -> None:
    if theirs != ours:
        raise DataError(
            f"{path} must be for the data's joints {', '.join(ours)}, but it is for {', '.join(theirs)}"
        )

"""Stage spatial_retrain: the chosen subnet trained alone, from scratch or from its slice of the supernet."""

from __future__ import annotations

from dataclasses import replace

from platform.config.stage_names import StageName
from platform.run.context import Run
from platform.run.stale import say_if_stale
from platform.stages.first_weights import begin_network
from platform.stages.spatial.one_network import NetworkStage
from platform.stages.spatial.scoring import coco_scoring
from platform.terminal.errors import ConfigError
from spaces.architecture import Architecture
from spaces.space import SearchSpace
from workers.training.tasks.network import Start, slice_of
from workers.weights.architecture_file import read_architecture_file
from workers.weights.safetensors import load_supernet

STAGE: StageName = "spatial_retrain"


def run(context: Run) -> None:
    if context.folder.network.exists():
        context.console.print(f"{STAGE}: done before, {context.folder.network}", highlight=False)
        chosen = context.config.retrain.architecture or context.folder.best
        say_if_stale(context, STAGE, context.folder.network, chosen)
        return
    config = context.config
    people = context.people(config.data.train_split)
    space = context.space(people)
    architecture = chosen_architecture(context, space)
    NetworkStage(
        name=STAGE,
        task=replace(context.spatial_task(), train=config.retrain.recipe(config.train)),
        people=people,
        start=_start(context, space, architecture, people.skeleton.names),
        scoring=coco_scoring(context, people),
        origin=str(config.retrain.init or config.retrain.start),
        weights=context.folder.network,
    ).run(context)


def chosen_architecture(context: Run, space: SearchSpace) -> Architecture:
    """The given one, or the best of the run's search; checked against the run's space."""
    path = context.config.retrain.architecture or context.folder.best
    if not path.is_file():
        raise ConfigError(
            f"{STAGE} trains the architecture that a file holds, but {path} is no file. "
            "Run the stage spatial_search before it, or give --retrain.architecture FILE."
        )
    architecture = read_architecture_file(path)
    space.check(architecture)
    return architecture


def _start(context: Run, space: SearchSpace, architecture: Architecture, joints: tuple[str, ...]) -> Start:
    if context.config.retrain.start == "scratch":
        weights = begin_network(context, STAGE, space, architecture, joints)
        return Start(architecture=architecture, weights=weights)
    if not context.folder.supernet.exists():
        raise ConfigError(
            f"retrain.start slice takes weights from the run's supernet, but {context.folder.supernet} is no "
            "file. Run the stage spatial_train before it, or give --retrain.start scratch."
        )
    weights = slice_of(space, load_supernet(context.folder.supernet, space), architecture)
    return Start(architecture=architecture, weights=weights)

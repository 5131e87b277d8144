"""Stage spatial_retrain: the chosen subnet trained alone, from scratch or from its slice of the supernet."""

from __future__ import annotations

import json
from dataclasses import replace

from platform.run.context import Run
from platform.run.stale import say_if_stale
from platform.stages.spatial.one_network import NetworkStage
from platform.stages.spatial.scoring import coco_scoring
from platform.terminal.errors import ConfigError
from spaces.architecture import Architecture
from spaces.space import SearchSpace
from workers.training.tasks.network import Start, slice_of
from workers.weights.safetensors import load_supernet

STAGE = "spatial_retrain"


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
        start=_start(context, space, architecture),
        scoring=coco_scoring(context, people),
        origin=config.retrain.start,
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
    architecture = Architecture.from_json(_architecture_json(path.read_text(errors="replace")))
    space.check(architecture)
    return architecture


def _architecture_json(text: str) -> str:
    """The file is an architecture's JSON, or a summary (best.json) that holds it as a field."""
    try:
        value = json.loads(text)
    except ValueError:
        return text  # Architecture says what is wrong with it
    return str(value["architecture"]) if isinstance(value, dict) and "architecture" in value else text


def _start(context: Run, space: SearchSpace, architecture: Architecture) -> Start:
    if context.config.retrain.start == "scratch":
        return Start(architecture=architecture)
    if not context.folder.supernet.exists():
        raise ConfigError(
            f"retrain.start slice takes weights from the run's supernet, but {context.folder.supernet} is no "
            "file. Run the stage spatial_train before it, or give --retrain.start scratch."
        )
    weights = slice_of(space, load_supernet(context.folder.supernet, space), architecture)
    return Start(architecture=architecture, weights=weights)

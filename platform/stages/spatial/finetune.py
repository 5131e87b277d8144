"""Stage spatial_finetune: a network trained on COCO learns PoseTrack18's frames and joints (section 4.2)."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from platform.run.context import Run
from platform.run.stale import say_if_stale
from platform.stages.spatial.one_network import NetworkStage
from platform.stages.spatial.scoring import posetrack_scoring
from platform.terminal.errors import ConfigError
from workers.data.people import People
from workers.data.posetrack import read_posetrack
from workers.training.tasks.network import Start
from workers.weights.joints import with_joints_of
from workers.weights.safetensors import load_network, read_architecture, read_joints

STAGE = "spatial_finetune"


def run(context: Run) -> None:
    if context.folder.finetuned.exists():
        context.console.print(f"{STAGE}: done before, {context.folder.finetuned}", highlight=False)
        source = context.config.finetune.weights or context.folder.network
        say_if_stale(context, STAGE, context.folder.finetuned, source.with_suffix(".json"))
        return
    config, source = context.config, weights_path(context)
    root = context.posetrack_root(config.finetune.root)
    people, validation = _people(context, root)
    start, space = _start(source, people)
    NetworkStage(
        name=STAGE,
        task=replace(context.spatial_task(), space=space, train=config.finetune.recipe(config.train)),
        people=people,
        start=start,
        scoring=posetrack_scoring(context, people, validation, root, config.finetune),
        origin=str(source),
        weights=context.folder.finetuned,
    ).run(context)


def weights_path(context: Run) -> Path:
    """The network to start from; ConfigError where it is not there."""
    path = context.config.finetune.weights or context.folder.network
    if not path.is_file():
        raise ConfigError(
            f"{STAGE} starts from a trained network, but {path} is no file. "
            "Give --finetune.weights FILE.safetensors, or run the stage spatial_retrain before it."
        )
    return path


def _people(context: Run, root: Path) -> tuple[People, People]:
    config = context.config.finetune
    people, validation = (
        context.heed(read_posetrack(root, split)) for split in (config.train_split, config.val_split)
    )
    for each in (people, validation):
        context.console.print(f"{STAGE}: {each.summary} of {root}", highlight=False)
    return people, validation


def _start(source: Path, people: People) -> tuple[Start, str]:
    """The network's weights with PoseTrack18's joints, and the name of its space."""
    trained, architecture = read_architecture(source)
    weights = load_network(source, trained, architecture).state_dict()
    moved = with_joints_of(weights, read_joints(source), people.skeleton.names)
    return Start(architecture=architecture, weights=moved), trained.name

"""Supernets that another run trained, used where this one would train the same."""

from __future__ import annotations

import shutil
from pathlib import Path

from platform.config.file import flat_fields
from platform.config.own_file import read_own
from platform.config.run import RunConfig
from platform.run.context import Run
from platform.run.folder import RunFolder
from workers.files import whole_file

INIT = "train.init"
TRAINING_FIELDS = ("seed", "data.", "space.", "train.")


def take_supernet(context: Run) -> Path | None:
    """Copies the supernet of the first run named that has a fitting one; returns that run.

    It fits where this run would train the same one, and where this run trains none.
    """
    trains = "spatial_train" in context.config.stages
    for run in context.config.warm_start:
        source = RunFolder(run)
        if not source.supernet.exists():
            continue
        if not trains or _trained_alike(source, context):
            _copy(source.supernet, context.folder.supernet)
            return run
    return None


def take_temporal_supernet(context: Run) -> None:
    """Copies the first T supernet of the runs named, with the key frame's network if there is none here.

    Nothing where this run trains its own.
    """
    if "temporal_train" in context.config.stages:
        return
    for run in context.config.warm_start:
        source = RunFolder(run)
        if not source.temporal_supernet.exists():
            continue
        theirs = read_own(source.path).temporal.key_frame or source.single_network
        if theirs is not None and not (context.config.temporal.key_frame or context.folder.single_network):
            _copy(theirs, context.folder.finetuned)
        _copy(source.temporal_supernet, context.folder.temporal_supernet)
        return


def _copy(source: Path, target: Path) -> None:
    with whole_file(target) as draft:
        shutil.copyfile(source, draft)


def _trained_alike(source: RunFolder, context: Run) -> bool:
    ours, theirs = (folder.first_weights.get(INIT) for folder in (context.folder, source))
    return ours == theirs and same_training(read_own(source.path), context.config)


def same_training(one: RunConfig, other: RunConfig) -> bool:
    """Whether all fields that a supernet's weights depend on are equal; more workers only round otherwise.

    Where a file with first weights lies is not among them: its content decides.
    """
    ours, theirs = (
        {
            name: value
            for name, value in flat_fields(config).items()
            if name.startswith(TRAINING_FIELDS) and name != INIT
        }
        for config in (one, other)
    )
    return ours == theirs

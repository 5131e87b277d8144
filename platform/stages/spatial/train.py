"""Stage spatial_train: the supernet, by the sandwich rule, on Ray Train."""

from __future__ import annotations

from functools import partial

from platform.config.stage_names import StageName
from platform.run.context import Run
from platform.run.taken_supernets import take_supernet
from platform.stages.first_weights import begin_supernet
from platform.stages.spatial.scoring import coco_scoring
from platform.training.on_ray_train import run_training
from workers.data.batches.training_set import steps_per_epoch
from workers.training.tasks.supernet import SupernetTraining
from workers.weights.safetensors import save_weights

STAGE: StageName = "spatial_train"


def run(context: Run) -> None:
    if context.folder.supernet.exists():
        context.console.print(f"{STAGE}: done before, {context.folder.supernet}", highlight=False)
        return
    if (source := take_supernet(context)) is not None:
        context.console.print(f"{STAGE}: the supernet of {source}, trained alike, is used", highlight=False)
        return
    people, task = context.people(context.config.data.train_split), context.spatial_task()
    steps = task.train.epochs * steps_per_epoch(len(people), task.train.batch_size)
    validation = coco_scoring(context, people) if task.train.validate_every_epochs else None
    space, joints = context.space(people), people.skeleton.names
    weights = begin_supernet(context, STAGE, space, joints)
    make = partial(SupernetTraining, task, people, weights=weights)
    state = run_training(context, STAGE, make, steps=steps, validation=validation)
    metadata = {"space": space.name, "keypoints": str(space.keypoints), "joints": ",".join(joints)}
    save_weights(context.folder.supernet, state["supernet"], metadata)

"""Stage temporal_train: the T supernet, by propagation over clips, on Ray Train (section 3.4.2)."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from torch import Tensor

from platform.config.stage_names import StageName
from platform.run.context import Run
from platform.stages.first_weights import begin_temporal
from platform.stages.temporal.clips import (
    clip_scoring,
    key_frame,
    key_frame_path,
    operations,
    training_tracks,
)
from platform.training.on_ray_train import run_training
from spaces.temporal.allocation import Operation
from workers.data.batches.training_set import steps_per_epoch
from workers.data.clips import Clips, training_clips
from workers.training.config import SpatialTask
from workers.training.tasks.temporal_supernet import PropagationTraining
from workers.weights.key_frame import KeyFrame
from workers.weights.temporal_supernet import save_temporal_supernet

STAGE: StageName = "temporal_train"


def run(context: Run) -> None:
    path, config = context.folder.temporal_supernet, context.config.temporal
    if path.exists():
        context.say(STAGE, f"done before, {path}")
        return
    source = key_frame_path(context)  # before the images of a whole data set are looked for
    clips = training_clips(training_tracks(context), config.trained_frames + 1, step=config.clip_step)
    start, fusing = key_frame(context, clips.people.skeleton.names), operations(context)
    context.say(STAGE, clips.summary)
    context.say(STAGE, f"key frame {start.architecture.key} of {source}, T = {config.trained_frames}")
    context.tracking.set_tag("vipnas.trained_frames", str(config.trained_frames))
    weights = _trained(context, clips, start, fusing)
    save_temporal_supernet(path, weights, start.temporal(fusing), start.joints, config.trained_frames)
    context.say(STAGE, f"trained, {path}")


def _trained(context: Run, clips: Clips, start: KeyFrame, fusing: tuple[Operation, ...]) -> dict[str, Tensor]:
    task = _task(context, start)
    begin = begin_temporal(context, STAGE, start, fusing)
    state = run_training(
        context,
        STAGE,
        partial(PropagationTraining, task, clips, start, fusing, weights=begin),
        steps=task.train.epochs * steps_per_epoch(len(clips), task.train.batch_size),
        validation=clip_scoring(context, clips) if task.train.validate_every_epochs else None,
    )
    weights: dict[str, Tensor] = state[PropagationTraining.weights_name]
    return weights


def _task(context: Run, start: KeyFrame) -> SpatialTask:
    train = context.config.temporal.recipe(context.config.train)
    return replace(context.spatial_task(), space=start.architecture.space, train=train)

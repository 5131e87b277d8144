"""Stage temporal_retrain: the found allocation's networks trained alone, each with weights of its own."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import partial

from platform.config.stage_names import StageName
from platform.run.cluster import in_a_slot
from platform.run.context import Run
from platform.run.folder import write_text
from platform.run.stale import say_if_stale
from platform.stages.first_weights import begin_allocation
from platform.stages.temporal.clips import clip_scoring, training_tracks
from platform.stages.temporal.found import found_allocation
from platform.terminal.errors import ConfigError
from platform.training.on_ray_train import run_training
from spaces.temporal.allocation_space import AllocationSpace
from workers.data.batches.training_set import steps_per_epoch
from workers.data.clips import Clips, training_clips
from workers.data.codec import Codec
from workers.search.allocation_score import AllocationScoring, ScoredAllocation, score_allocation
from workers.training.config import SpatialTask
from workers.training.tasks.allocation import AllocationTraining, weights_by_frame
from workers.weights.allocation import TrainedAllocation, load_allocation, save_allocation

STAGE: StageName = "temporal_retrain"


def run(context: Run) -> None:
    path, config = context.folder.retrained_networks, context.config.temporal
    if path.exists():
        context.say(STAGE, f"done before, {path}")
        say_if_stale(context, STAGE, path, context.folder.allocation)
        return
    start = _found(context)
    clips = training_clips(training_tracks(context), len(start.weights) + 1, step=config.clip_step)
    context.say(STAGE, f"allocation {start.allocation.key} over {clips.summary}")
    trained = _trained(context, clips, begin_allocation(context, STAGE, start))
    _write(context, trained, _score(context, clips, trained))


def _found(context: Run) -> TrainedAllocation:
    path = context.folder.allocation_networks
    if not path.is_file():
        raise ConfigError(
            f"{STAGE} starts from the allocation that a search found, but {path} is no file. Run the stage "
            "temporal_search before it."
        )
    found = load_allocation(path)
    return found if context.config.temporal.fusion else found.without_fusion()


def _trained(context: Run, clips: Clips, start: TrainedAllocation) -> TrainedAllocation:
    task = _task(context, start)
    steps = task.train.epochs * steps_per_epoch(len(clips), task.train.batch_size)
    state = run_training(context, STAGE, partial(AllocationTraining, task, clips, start), steps=steps)
    weights = weights_by_frame(state[AllocationTraining.weights_name], len(start.weights))
    return replace(start, weights=weights)


def _task(context: Run, start: TrainedAllocation) -> SpatialTask:
    train = context.config.temporal.recipe_alone(context.config.train)
    return replace(context.spatial_task(), space=start.key_frame.architecture.space, train=train)


def _score(context: Run, clips: Clips, trained: TrainedAllocation) -> ScoredAllocation:
    config, on_clips = context.config, clip_scoring(context, clips)
    scoring = AllocationScoring(
        clips=on_clips.clips, recalibration=on_clips.recalibration, batch_size=on_clips.batch_size,
        codec=Codec(config.space.input_hw, config.space.sigma_cells),
    )  # fmt: skip
    return in_a_slot(config.resources, score_allocation, trained, scoring)


def _write(context: Run, trained: TrainedAllocation, scored: ScoredAllocation) -> None:
    path, allocation = context.folder.retrained_networks, trained.allocation
    space = AllocationSpace(trained.key_frame.temporal(), len(allocation.frames))
    figures = {
        "key": allocation.key, "architecture": allocation.to_json(), "gmacs": trained.cost.gmacs,
        "params": trained.cost.params, "ap": scored.ap, "ap_all": scored.ap_all,
        "frame_aps": json.dumps(scored.frame_aps),
    }  # fmt: skip
    found = found_allocation(space, figures)
    write_text(path.with_suffix(".json"), json.dumps(found, indent=2) + "\n")
    save_allocation(path, replace(trained, weights=scored.weights))  # last: the stage is done with it
    context.tracking.log_artifacts(path.with_suffix(".json"), path)
    context.say(STAGE, f"{allocation.key}, AP {100 * scored.ap:.1f} over its frames, "
                       f"{100 * scored.ap_all:.1f} with key frames, {path}")  # fmt: skip

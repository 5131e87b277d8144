"""Inputs of the joint search: the T supernet, S-ViPNet, clips to recalibrate on and to score."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import final

from platform.run.cluster import in_a_slot
from platform.run.context import Run
from platform.stages.temporal.clips import key_frame, key_frame_path, training_tracks, validation_tracks
from platform.trials.evaluation_digest import evaluation_digest
from spaces.temporal.allocation_space import AllocationSpace
from workers.data.clips import Clips, disjoint_clips, evenly_spaced_clips, training_clips
from workers.data.codec import Codec
from workers.errors import DataError
from workers.files import files_in
from workers.search.allocation_evaluator import AllocationInputs
from workers.search.evaluation_clips import predict_key_frames, prepare_evaluation_clips
from workers.weights.key_frame import KeyFrame
from workers.weights.temporal_supernet import TrainedTemporal, load_temporal_supernet

MIB = 1 << 20


@final
@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Material:
    """What the search begins from, before any image is read."""

    space: AllocationSpace
    trained: TrainedTemporal
    key_frame: KeyFrame
    scored: Clips
    recalibration: Clips
    evaluation: str  # digest of all that a score depends on beside the allocation


def material(context: Run) -> Material:
    """Raises DataError where the T supernet belongs to another S-ViPNet, or no clip is long enough."""
    config, path = context.config.temporal, context.folder.temporal_supernet
    if not path.is_file():
        raise DataError(
            f"temporal_search slices a trained T supernet, but {path} is no file. Run the stage "
            "temporal_train before it."
        )
    trained, tracks = load_temporal_supernet(path), validation_tracks(context)
    clips = disjoint_clips(tracks, config.frames + 1)
    training = training_clips(training_tracks(context), config.frames + 1)
    start = key_frame(context, trained.joints)
    _check_same(trained, start, clips)
    return Material(
        space=AllocationSpace(trained.space, config.frames, config.shared),
        trained=trained,
        key_frame=start,
        scored=clips,
        recalibration=evenly_spaced_clips(training, config.search.recalibration_clips),
        evaluation=_digest(context, clips, training),
    )


def allocation_inputs(context: Run, given: Material) -> AllocationInputs:
    """Crops are cut out here; key frames are seen by a Ray task with a trial's resources."""
    config = context.config
    codec = Codec(config.space.input_hw, config.space.sigma_cells)
    clips = prepare_evaluation_clips(
        given.scored, given.recalibration, codec, config.temporal.search.batch_size
    )
    return AllocationInputs(
        space=given.space,
        weights={name: tensor.numpy() for name, tensor in given.trained.weights.items()},
        clips=clips,
        key_frame=in_a_slot(
            config.resources, predict_key_frames, given.space, dict(given.key_frame.weights), clips
        ),
        cache_bytes=config.temporal.search.cache_mib * MIB,
    )


def _check_same(trained: TrainedTemporal, start: KeyFrame, clips: Clips) -> None:
    if trained.space.key_frame != start.architecture:
        raise DataError(
            f"the T supernet was trained below {trained.space.key_frame.key}, but the key frame's network is "
            f"{start.architecture.key}. Give the --temporal.key-frame that it was trained with."
        )
    if trained.joints != clips.people.skeleton.names:
        raise DataError(
            f"the T supernet has heatmaps of {', '.join(trained.joints)}, but the data's joints are "
            f"{', '.join(clips.people.skeleton.names)}. Use the data that it was trained with."
        )


def _digest(context: Run, *splits: Clips) -> str:
    config = context.config
    search = asdict(config.temporal.search)
    settings = {name: search[name] for name in ("recalibration_clips", "batch_size")} | {
        "frames": config.temporal.frames,
        "input_hw": list(config.space.input_hw),
        "sigma_cells": config.space.sigma_cells,
        "key_frame": evaluation_digest(key_frame_path(context), [], {}),
    }
    annotations = [path for split in splits for path in files_in(split.people.annotation_path, "*.json")]
    return evaluation_digest(context.folder.temporal_supernet, annotations, settings)

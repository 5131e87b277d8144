"""Inputs of an allocation search on synthetic clips: wild weights, which a lenient scorer tells apart."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import torch

from spaces.initialise import initialise
from spaces.registry import build_space
from spaces.temporal.allocation_space import AllocationSpace
from spaces.temporal.temporal_space import TemporalSpace
from workers.data.clips import disjoint_clips, evenly_spaced_clips, training_clips
from workers.data.codec import Codec
from workers.data.tracks import read_tracks
from workers.evaluation.posetrack.scorer import PoseTrackScorer
from workers.evaluation.recalibrate import recalibrate
from workers.search.allocation_evaluator import AllocationInputs
from workers.search.evaluation_clips import EvaluationClips, predict_key_frames, prepare_evaluation_clips

SIGMA = 0.2  # of all weights, so that outputs depend on images and heatmaps
LENIENT = 6  # head sizes are taken as so many times larger


def allocation_inputs(
    root: Path, frames: int, input_hw: tuple[int, int], *, recalibration: int, batch_size: int,
    cache_bytes: int = 1 << 30,
) -> tuple[AllocationInputs, dict[str, torch.Tensor]]:  # fmt: skip
    """Of a synthetic data set, with T = `frames`; and the weights of S, the biggest of mobilenetv3-small."""
    clips = lenient(some_evaluation_clips(root, frames, input_hw, recalibration, batch_size))
    spatial = build_space("mobilenetv3-small", 17, input_hw)
    space = AllocationSpace(TemporalSpace(spatial, spatial.biggest()), frames)
    supernet = initialise(space.temporal.supernet(), seed=1, sigma=SIGMA)
    key_net = initialise(spatial.network(spatial.biggest()), seed=2, sigma=SIGMA)
    weights = recalibrate(key_net, clips.recalibration.frames[0].images, batch_size).state_dict()
    inputs = AllocationInputs(
        space=space,
        weights={name: tensor.numpy() for name, tensor in supernet.state_dict().items()},
        clips=clips,
        key_frame=predict_key_frames(space, weights, clips),
        cache_bytes=cache_bytes,
    )
    return inputs, weights


def some_evaluation_clips(
    root: Path, frames: int, input_hw: tuple[int, int], recalibration: int, batch_size: int
) -> EvaluationClips:
    training, scored = (read_tracks(root / "posetrack18", split) for split in ("train", "val"))
    some = evenly_spaced_clips(training_clips(training, frames + 1), recalibration)
    return prepare_evaluation_clips(
        disjoint_clips(scored, frames + 1), some, Codec(input_hw, 1.5), batch_size
    )


def lenient(clips: EvaluationClips) -> EvaluationClips:
    scorers = tuple(map(_lenient, clips.scorers))
    return replace(clips, scorers=scorers, scorer=_lenient(clips.scorer))


def _lenient(scorer: PoseTrackScorer) -> PoseTrackScorer:
    return replace(scorer, truth=replace(scorer.truth, head_px=scorer.truth.head_px * LENIENT))

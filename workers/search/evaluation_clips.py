"""Evaluation clips of a search over allocations: crops by frame, the truth, S-ViPNet's key frames."""

# Shapes: N clips of a frame, R recalibration clips, K joints, h/w heatmap cells, T + 1 frames.
from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import final

import numpy as np
import torch
from torch import Tensor, nn

from spaces.temporal.allocation_space import AllocationSpace
from workers.data.clips import Clips
from workers.data.codec import Codec
from workers.data.people import People
from workers.errors import DataError
from workers.evaluation.clip_crops import ClipCrops, prepare_clip_crops
from workers.evaluation.posetrack.scorer import PoseTrackScorer
from workers.evaluation.predict import to_image_px
from workers.evaluation.propagate import predict_heatmaps


@final
@dataclass(frozen=True, slots=True, eq=False)
class Poses:
    """Predicted poses of one frame, of all evaluation clips that have it."""

    keypoints: np.ndarray  # (N, K, 2) float64 image px
    scores: np.ndarray  # (N, K) float32
    ap: float  # PoseTrack18's, of this frame's people alone


@final
@dataclass(frozen=True, slots=True, eq=False)
class PrefixState:
    """The state behind a prefix of an allocation, key frame included: what later frames and figures need."""

    poses: tuple[Poses, ...]  # one of each frame
    heatmaps: np.ndarray  # (N, K, h, w) float32, of the last of them
    recalibration: np.ndarray  # (R, K, h, w) float32, the same of the recalibration clips

    @property
    def bytes(self) -> int:
        """Memory; poses that it shares with shorter prefixes count here, too."""
        poses = sum(each.keypoints.nbytes + each.scores.nbytes for each in self.poses)
        return self.heatmaps.nbytes + self.recalibration.nbytes + poses


@final
@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class EvaluationClips:
    """Evaluation and recalibration clips cut out, and the ground truth of each frame."""

    crops: ClipCrops
    recalibration: ClipCrops  # every clip with all T + 1 frames
    scorers: tuple[PoseTrackScorer, ...]  # of each frame's people alone
    scorer: PoseTrackScorer  # of the people of all frames, frame by frame
    codec: Codec
    batch_size: int

    def poses(self, frame: int, heatmaps: np.ndarray) -> Poses:
        """What the heatmaps (N, K, h, w) of frame `frame` (0 is the key frame) say, and how right it is."""
        crops = self.crops.frames[frame]
        points, scores = self.codec.decode(heatmaps)
        keypoints = to_image_px(points, crops.affines)
        return Poses(keypoints, scores, self.scorers[frame].score(keypoints, scores).total)

    def ap_of_all(self, poses: Sequence[Poses]) -> float:
        """PoseTrack18's AP of the people of all frames together, key frames included."""
        keypoints = np.concatenate([each.keypoints for each in poses])
        scores = np.concatenate([each.scores for each in poses])
        return self.scorer.score(keypoints, scores).total


def prepare_evaluation_clips(
    clips: Clips, recalibration: Clips, codec: Codec, batch_size: int
) -> EvaluationClips:
    """Cuts out `disjoint_clips` to score on and `training_clips` to recalibrate on, of equally many frames.

    Raises DataError where no evaluation clip has all frames, or an image cannot be read.
    """
    frames = [_people_of(clips, frame) for frame in range(clips.frames)]
    if not len(frames[-1]):
        raise DataError(
            f"scoring needs an evaluation clip of {clips.frames} frames, but the longest of "
            f"{clips.people.annotation_path} has {len(clips.clips[0])}. Propagate over fewer frames, or use "
            "a split with longer tracks."
        )
    everybody = replace(clips.people, people=tuple(person for each in frames for person in each.people))
    return EvaluationClips(
        crops=prepare_clip_crops(clips, codec.input_hw),
        recalibration=prepare_clip_crops(recalibration, codec.input_hw),
        scorers=tuple(PoseTrackScorer.from_people(each, alone=True) for each in frames),
        scorer=PoseTrackScorer.from_people(everybody, alone=True),
        codec=codec,
        batch_size=batch_size,
    )


def predict_key_frames(
    space: AllocationSpace, weights: Mapping[str, Tensor], clips: EvaluationClips
) -> PrefixState:
    """S-ViPNet's heatmaps of all key frames: the same for every allocation, for S is fixed.

    `weights` are the state_dict of the plain S network with its BatchNorm statistics, which stay. Runs on the
    GPU that this process was given, if any.
    """
    network = space.temporal.spatial.network(space.temporal.key_frame)
    network.load_state_dict(dict(weights))
    return predict_key_frames_with(network.to("cuda" if torch.cuda.is_available() else "cpu"), clips)


def predict_key_frames_with(key_frame: nn.Module, clips: EvaluationClips) -> PrefixState:
    """What S-ViPNet, on whatever device it is, says of all key frames."""
    heatmaps, recalibration = (
        predict_heatmaps(key_frame, crops.frames[0].images, None, clips.batch_size)
        for crops in (clips.crops, clips.recalibration)
    )
    return PrefixState((clips.poses(0, heatmaps),), heatmaps, recalibration)


def _people_of(clips: Clips, frame: int) -> People:
    """The people of one frame, in the order of the crops."""
    people = tuple(clip.frames[frame] for clip in clips.clips if len(clip) > frame)
    return replace(clips.people, people=people)

"""A whole split's poses, many clips at once, as the streaming predictor gives them, and PoseTrack18's AP."""

# Shapes: N people of all frames, K joints.
from __future__ import annotations

from dataclasses import dataclass, replace
from typing import final

import numpy as np

from workers.data.clips import disjoint_clips
from workers.data.people import People
from workers.data.tracks import Tracks
from workers.evaluation.clip_crops import ClipCrops, prepare_clip_crops
from workers.evaluation.posetrack.ap import PoseTrackAP
from workers.evaluation.posetrack.scorer import PoseTrackScorer
from workers.evaluation.predict import to_image_px
from workers.video.networks import VideoNetworks


@final
@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ScoredVideos:
    """The poses of everybody in every frame, in the order of `people`, and their AP."""

    people: People
    keypoints: np.ndarray  # (N, K, 2) float64 image px
    scores: np.ndarray  # (N, K) float32
    ap: PoseTrackAP


def score_videos(networks: VideoNetworks, tracks: Tracks, batch_size: int) -> ScoredVideos:
    """Predicts everybody of the split exactly once, key frames included, as a search of allocations does.

    Raises DataError when an image cannot be read and TrainingError when a network's output is not finite.
    """
    crops = prepare_clip_crops(disjoint_clips(tracks, networks.period), networks.input_hw)
    keypoints, scores = predict_clips(networks, crops, batch_size)
    people = replace(tracks.people, people=tuple(tracks.people.people[row] for row in crops.rows.tolist()))
    ap = PoseTrackScorer.from_people(people, alone=True).score(keypoints, scores)
    return ScoredVideos(people=people, keypoints=keypoints, scores=scores, ap=ap)


def predict_clips(
    networks: VideoNetworks, crops: ClipCrops, batch_size: int
) -> tuple[np.ndarray, np.ndarray]:
    """Joints (N, K, 2) float64 in image px and scores (N, K) float32, in the order of `crops.rows`."""
    heatmaps: np.ndarray | None = None
    keypoints, all_scores = [], []
    for place, frame in enumerate(crops.frames):
        if not len(frame):
            break  # no clip is so long
        heatmaps = networks.heatmaps(place, frame.images, heatmaps, batch_size)
        points, scores = networks.codec.decode(heatmaps)
        keypoints.append(to_image_px(points, frame.affines))
        all_scores.append(scores)
    return np.concatenate(keypoints), np.concatenate(all_scores)

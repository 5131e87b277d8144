"""Frame by frame as the frames come in gives what evaluation gives of all clips at once."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import pytest

from workers.data.clips import disjoint_clips
from workers.data.images import read_image
from workers.data.people import Person
from workers.data.tracks import Tracks
from workers.evaluation.clip_crops import prepare_clip_crops
from workers.video.batch import predict_clips, score_videos
from workers.video.networks import VideoNetworks
from workers.video.streaming import StreamingPredictor
from workers.weights.allocation import TrainedAllocation


def streamed(networks: VideoNetworks, tracks: Tracks) -> tuple[np.ndarray, np.ndarray]:
    """Joints (N, K, 2) and places (N,) of everybody, in the order of the people."""
    frames: dict[tuple[str, int], list[int]] = defaultdict(list)
    for row, seen in enumerate(tracks.sightings):
        frames[seen.sequence, seen.frame].append(row)
    keypoints, places = np.full((len(tracks.people), 17, 2), np.nan), np.full(len(tracks.people), -1)
    predictor, before = StreamingPredictor(networks), ""
    for (sequence, _), rows in sorted(frames.items()):
        if sequence != before:
            predictor.forget()
        before = sequence
        people: list[Person] = [tracks.people.people[row] for row in rows]
        poses = predictor.step(
            read_image(people[0].image_path), np.array([person.box_xywh_px for person in people]),
            [tracks.sightings[row].track_id for row in rows],
        )  # fmt: skip
        keypoints[rows], places[rows] = poses.keypoints, poses.places
    return keypoints, places


@pytest.mark.parametrize("frames", [3, 1, 0])
def test_streamed_poses_are_those_of_the_evaluation(
    frames: int, trained: TrainedAllocation, tracks: Tracks
) -> None:
    whole = VideoNetworks.of(trained)
    networks = VideoNetworks(
        key_frame=whole.key_frame, frames=whole.frames[:frames], input_hw=whole.input_hw, joints=whole.joints
    )
    clips = disjoint_clips(tracks, networks.period)
    crops = prepare_clip_crops(clips, networks.input_hw)
    expected, _ = predict_clips(networks, crops, batch_size=5)
    keypoints, places = streamed(networks, tracks)
    assert len({len(frame) for frame in crops.frames}) > 1 or frames < 3, "clips must be of several lengths"
    assert np.abs(keypoints[crops.rows] - expected).max() < 1e-6
    place_of_row = {row: place for clip in clips.clips for place, row in enumerate(clip.rows)}
    assert places.tolist() == [place_of_row[row] for row in range(len(places))]
    assert np.ptp(expected - expected.mean(axis=0), axis=0).min() > 1, "poses must differ from each other"


def test_heatmaps_before_change_the_poses_behind_key_frames_alone(
    trained: TrainedAllocation, tracks: Tracks
) -> None:
    keypoints, places = streamed(VideoNetworks.of(trained), tracks)
    alone, _ = streamed(VideoNetworks.of_key_frames(trained.key_frame), tracks)
    assert np.array_equal(keypoints[places == 0], alone[places == 0])
    assert (keypoints[places > 0] != alone[places > 0]).any()


def test_the_score_is_that_of_everybody_once(trained: TrainedAllocation, tracks: Tracks) -> None:
    scored = score_videos(VideoNetworks.of(trained), tracks, batch_size=8)
    assert len(scored.keypoints) == len(tracks.people)
    assert {id(person) for person in scored.people.people} == {id(person) for person in tracks.people.people}
    by_hand, _ = streamed(VideoNetworks.of(trained), tracks)
    row_of = {id(person): row for row, person in enumerate(tracks.people.people)}
    order = [row_of[id(person)] for person in scored.people.people]
    assert np.abs(by_hand[order] - scored.keypoints).max() < 1e-6
    assert 0 <= scored.ap.total < 0.5

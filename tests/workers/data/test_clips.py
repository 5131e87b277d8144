from __future__ import annotations

from pathlib import Path

import pytest

from tests.workers.data.posetrack_folder import video, write
from workers.data.clips import Clips, disjoint_clips, evenly_spaced_clips, training_clips
from workers.data.tracks import Tracks, read_tracks
from workers.errors import DataError


@pytest.fixture
def tracks(tmp_path: Path) -> Tracks:
    """Track 0 in frames 0 to 6, track 1 in 0 to 1 and, returned, in 4 to 6."""
    frames = {0: (0, 1), 1: (0, 1), 2: (0,), 3: (0,), 4: (0, 1), 5: (0, 1), 6: (0, 1)}
    return read_tracks(write(tmp_path, video(frames)), "val", check_images=False)


def seen(clips: Clips, tracks: Tracks) -> list[tuple[int, list[int]]]:
    """The track and the frames of each clip."""
    return [(clip.track_id, [tracks.sightings[row].frame for row in clip.rows]) for clip in clips.clips]


def test_training_clips_are_all_windows_of_the_runs_that_are_long_enough(tracks: Tracks) -> None:
    clips = training_clips(tracks, 3)
    assert seen(clips, tracks) == [(0, [n, n + 1, n + 2]) for n in range(5)] + [(1, [4, 5, 6])]
    assert clips.left_out == 2
    assert seen(training_clips(tracks, 3, step=3), tracks) == [(0, [0, 1, 2]), (0, [3, 4, 5]), (1, [4, 5, 6])]


def test_a_clip_holds_the_people_of_its_rows(tracks: Tracks) -> None:
    for clip in training_clips(tracks, 2).clips:
        assert clip.frames == tuple(tracks.people.people[row] for row in clip.rows)
        assert len(clip) == 2


def test_clips_longer_than_every_run_are_refused_with_the_longest(tracks: Tracks) -> None:
    with pytest.raises(DataError, match=r"needs 8 successive .* the longest run in .*val has 7\. Propagate"):
        training_clips(tracks, 8)


def test_evaluation_begins_every_run_with_a_key_frame_and_sees_everybody_once(tracks: Tracks) -> None:
    clips = disjoint_clips(tracks, 4)
    assert seen(clips, tracks) == [(0, [0, 1, 2, 3]), (0, [4, 5, 6]), (1, [4, 5, 6]), (1, [0, 1])]
    rows = [row for clip in clips.clips for row in clip.rows]
    assert sorted(rows) == list(range(len(tracks.people)))
    assert clips.left_out == 0


@pytest.mark.parametrize("frames", [1, 2, 3, 5, 50])
def test_everybody_is_seen_once_whatever_the_number_of_frames(frames: int, tracks: Tracks) -> None:
    clips = disjoint_clips(tracks, frames)
    assert sorted(row for clip in clips.clips for row in clip.rows) == list(range(len(tracks.people)))
    lengths = [len(clip) for clip in clips.clips]
    assert lengths == sorted(lengths, reverse=True)
    assert max(lengths) <= frames


def test_a_part_of_the_clips_is_spread_over_all_and_keeps_their_order(tracks: Tracks) -> None:
    clips = training_clips(tracks, 3)
    assert seen(evenly_spaced_clips(clips, 2), tracks) == [(0, [0, 1, 2]), (0, [3, 4, 5])]
    assert evenly_spaced_clips(clips, 2).left_out == 6
    assert len(evenly_spaced_clips(clips, 100)) == len(clips)


def test_clips_without_frames_are_refused(tracks: Tracks) -> None:
    with pytest.raises(DataError, match="at least 1 frame and a step of at least 1, got 0 and 1"):
        disjoint_clips(tracks, 0)

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from workers.data.clips import disjoint_clips
from workers.data.tracks import Tracks, read_tracks
from workers.evaluation.clip_crops import prepare_clip_crops
from workers.evaluation.crops import prepare_crops

INPUT_HW = (64, 48)


@pytest.fixture
def tracks(synthetic_root: Path) -> Tracks:
    return read_tracks(synthetic_root / "posetrack18", "train")


def test_row_n_of_every_frame_is_clip_n(tracks: Tracks) -> None:
    clips = disjoint_clips(tracks, 2)
    crops = prepare_clip_crops(clips, INPUT_HW)
    alone = prepare_crops(tracks.people, INPUT_HW)
    for frame, of_frame in enumerate(crops.frames):
        having = [clip for clip in clips.clips if len(clip) > frame]
        assert clips.clips[: len(of_frame)] == tuple(having)
        rows = [clip.rows[frame] for clip in having]
        assert np.array_equal(of_frame.images, alone.images[rows])
        assert np.array_equal(of_frame.affines, alone.affines[rows])
        assert np.array_equal(of_frame.annotation_ids, alone.annotation_ids[rows])


def test_the_frames_together_are_everybody_once(tracks: Tracks) -> None:
    crops = prepare_clip_crops(disjoint_clips(tracks, 2), INPUT_HW)
    assert sorted(crops.rows.tolist()) == list(range(len(tracks.people)))
    assert len(crops) == sum(len(frame) for frame in crops.frames) == len(tracks.people)


def test_frames_that_no_clip_reaches_are_empty(tracks: Tracks) -> None:
    crops = prepare_clip_crops(disjoint_clips(tracks, 4), INPUT_HW)
    assert [len(frame) > 0 for frame in crops.frames] == [True, True, False, False]


def test_clips_that_are_not_longest_first_are_refused(tracks: Tracks) -> None:
    clips = disjoint_clips(tracks, 2)
    short = replace(clips.clips[0], rows=clips.clips[0].rows[:1])
    with pytest.raises(ValueError, match="longest clips must come first"):
        prepare_clip_crops(replace(clips, clips=(short, *clips.clips)), INPUT_HW)

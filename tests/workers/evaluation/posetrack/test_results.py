"""PoseTrack18's results written frame after frame: the same numbers, bounded memory, whole or not there."""

from __future__ import annotations

import json
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from workers.evaluation.posetrack.results import ResultsWriter, TrackedPose, results_file

JOINTS = 17


def written(results: ResultsWriter, frames: range) -> None:
    """Two people in each of the frames."""
    for frame in frames:
        results.add_image({"id": frame, "file_name": f"video/{frame:06d}.jpg", "is_labeled": True})
        for track in (1, 2):
            keypoints = np.random.default_rng([frame, track]).random((JOINTS, 2))
            results.add_pose(TrackedPose(frame, track, keypoints, keypoints[:, 0]))


def written_until_an_error(results: ResultsWriter) -> None:
    written(results, range(50))
    raise ZeroDivisionError


def test_what_is_read_is_what_was_written(tmp_path: Path) -> None:
    path = tmp_path / "made" / "video.json"
    with results_file(path) as results:
        written(results, range(3))
    content = json.loads(path.read_text())
    assert content["images"] == [{"id": n, "file_name": f"video/{n:06d}.jpg"} for n in range(3)]
    poses = content["annotations"]
    assert [(pose["image_id"], pose["track_id"]) for pose in poses] == [
        (n, t) for n in range(3) for t in (1, 2)
    ]
    expected = np.random.default_rng([2, 1]).random((JOINTS, 2))
    assert np.array_equal(np.reshape(poses[4]["keypoints"], (-1, 3))[:, :2], expected)
    assert poses[4]["scores"] == expected[:, 0].tolist()
    assert len(content["categories"]) == 1


def test_a_sequence_without_anybody_is_a_file_all_the_same(tmp_path: Path) -> None:
    with results_file(tmp_path / "empty.json"):
        pass
    content = json.loads((tmp_path / "empty.json").read_text())
    assert (content["images"], content["annotations"]) == ([], [])


def test_memory_does_not_grow_with_the_sequence(tmp_path: Path) -> None:
    with results_file(tmp_path / "long.json") as results:
        written(results, range(50))
        tracemalloc.start()
        written(results, range(50, 450))
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert (tmp_path / "long.json").stat().st_size > 900_000
    assert most < 150_000


def test_poses_are_on_disk_as_they_come_and_the_file_has_its_name_at_the_end(tmp_path: Path) -> None:
    with results_file(tmp_path / "video.json") as results:
        written(results, range(50))
        (draft,) = tmp_path.iterdir()
        assert draft.name != "video.json"
        assert draft.stat().st_size > 50_000
    assert [path.name for path in tmp_path.iterdir()] == ["video.json"]


def test_a_sequence_that_is_broken_off_leaves_nothing_and_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "video.json"
    path.write_text("of before")
    with pytest.raises(ZeroDivisionError), results_file(path) as results:
        written_until_an_error(results)
    assert [each.name for each in tmp_path.iterdir()] == ["video.json"]
    assert path.read_text() == "of before"

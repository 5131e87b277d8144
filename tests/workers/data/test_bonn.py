from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from workers.data.bonn import write_bonn_as_posetrack
from workers.data.clips import disjoint_clips, training_clips
from workers.data.skeleton import POSETRACK17
from workers.data.tracks import read_tracks
from workers.errors import DataError
from workers.evaluation.posetrack.files import score_folders

MPII14 = (
    "right_ankle", "right_knee", "right_hip", "left_hip", "left_knee", "left_ankle", "right_wrist",
    "right_elbow", "right_shoulder", "left_shoulder", "left_elbow", "left_wrist", "upper_neck", "head_top",
)  # fmt: skip
Json = dict[str, Any]


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Three frames with one person, whose joint j of 14 lies at (10 + j, 20 + 2 j), the first unlabelled."""
    folder = tmp_path / "clip"
    (folder / "frames").mkdir(parents=True)
    joints = np.array([(10 + j, 20 + 2 * j, 2 * (j > 0)) for j in range(14)])
    images, annotations = [], []
    for frame in range(3):
        cv2.imwrite(str(folder / "frames" / f"{frame + 1:05d}.jpg"), np.zeros((60, 80, 3), np.uint8))
        images.append({"id": frame + 1, "file_name": f"frames/{frame + 1:05d}.jpg", "width": 80, "height": 60,
                       "frame": frame, "vid_id": "7"})  # fmt: skip
        annotations.append({"id": frame + 1, "image_id": frame + 1, "track_id": 0,
                            "keypoints": joints.ravel().tolist(), "bbox_head": [20, 40, 6, 8]})  # fmt: skip
    content = {"images": images, "annotations": annotations, "categories": [{"keypoints": list(MPII14)}]}
    (folder / "annotations.json").write_text(json.dumps(content))
    return folder


def test_joints_go_to_their_places_and_those_that_are_not_labelled_are_zero(
    source: Path, tmp_path: Path
) -> None:
    assert write_bonn_as_posetrack(source, tmp_path / "out").frames == {"train": 0, "val": 3}
    tracks = read_tracks(tmp_path / "out", "val")
    keypoints = dict(zip(POSETRACK17.names, tracks.people.people[0].keypoints.tolist(), strict=True))
    assert keypoints["head_bottom"] == [22, 44, 1]
    assert keypoints["head_top"] == [23, 46, 1]
    assert keypoints["left_wrist"] == [21, 42, 1]
    assert [name for name, joint in keypoints.items() if joint == [0, 0, 0]] == [
        "nose", "left_ear", "right_ear", "right_ankle",
    ]  # fmt: skip
    assert [seen.frame for seen in tracks.sightings] == [0, 1, 2]


def test_the_first_frames_may_be_for_training_and_writing_again_is_harmless(
    source: Path, tmp_path: Path
) -> None:
    for _ in range(2):
        assert write_bonn_as_posetrack(source, tmp_path / "out", 2).frames == {"train": 2, "val": 1}
    assert len(training_clips(read_tracks(tmp_path / "out", "train"), 2)) == 1
    assert [seen.frame for seen in read_tracks(tmp_path / "out", "val").sightings] == [2]


@pytest.mark.parametrize(
    ("edit", "says"),
    [
        (lambda content: content["annotations"][0].pop("bbox_head"), "annotation 1 has no 'bbox_head'"),
        (lambda content: content["images"][0].update(vid_id="../7"), "'vid_id' of image 1 must be text"),
        (lambda content: content["annotations"][0].update(keypoints=[3.0] * 42), r"but is \[3.0, 3.0, 3.0"),
        (lambda content: content["categories"][0].update(keypoints=["nose", "tail"]), "are 'nose', 'tail'"),
        (lambda content: content["images"][0].update(file_name="frames/gone.jpg"), "Restore the clip"),
    ],
)
def test_what_is_no_such_clip_is_refused(
    edit: Callable[[Json], None], says: str, source: Path, tmp_path: Path
) -> None:
    content = json.loads((source / "annotations.json").read_text())
    edit(content)
    (source / "annotations.json").write_text(json.dumps(content))
    with pytest.raises(DataError, match=says):
        write_bonn_as_posetrack(source, tmp_path / "out")


def test_a_frame_is_left_to_score_on(source: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="leave a frame for val, but of 3 it asks for 3"):
        write_bonn_as_posetrack(source, tmp_path / "out", 3)


def test_the_real_clip_is_read_and_scored_as_officially(shared: Path, tmp_path: Path) -> None:
    write_bonn_as_posetrack(shared / "data" / "bonn_clip", tmp_path)
    tracks = read_tracks(tmp_path, "val")
    assert [len(run) for run in tracks.runs()] == [41] * 4
    assert [len(clip) for clip in disjoint_clips(tracks, 4).clips] == [4] * 40 + [1] * 4
    golden = shared / "golden" / "poseval" / "bonn41_noise0.3"
    expected = json.loads((golden / "expected.json").read_text())["cum"]["Total"]
    ap = score_folders(tmp_path / "annotations" / "val", golden / "pred").ap
    assert 100 * ap.total == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(
    ("edit", "says"),
    [
        (lambda content: [image.update(vid_id="../../x") for image in content["images"]], "plain name"),
        (lambda content: [image.update(vid_id="a/b") for image in content["images"]], "plain name"),
        (lambda content: content["images"][0].update(file_name="../secret.jpg"), "file_name must lie in"),
        (lambda content: content["images"][0].update(file_name="/etc/passwd"), "file_name must lie in"),
    ],
)
def test_names_that_leave_the_folders_are_refused(
    edit: Callable[[Json], None], says: str, source: Path, tmp_path: Path
) -> None:
    content = json.loads((source / "annotations.json").read_text())
    edit(content)
    (source / "annotations.json").write_text(json.dumps(content))
    (source.parent / "secret.jpg").write_bytes(b"secret")
    before = set(tmp_path.rglob("*"))
    with pytest.raises(DataError, match=says):
        write_bonn_as_posetrack(source, tmp_path / "deep" / "out")
    assert not [path for path in set(tmp_path.rglob("*")) - before if path.suffix == ".jpg"]

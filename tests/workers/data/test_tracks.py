from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.workers.data.posetrack_folder import video, write
from workers.data.detections import read_detections
from workers.data.tracks import Tracks, read_tracks
from workers.errors import DataError

Json = dict[str, Any]


def frames_of_runs(tracks: Tracks, max_frame_gap: int = 4) -> list[list[int]]:
    return [[tracks.sightings[row].frame for row in run] for run in tracks.runs(max_frame_gap)]


def read(tmp_path: Path, content: Json) -> Tracks:
    return read_tracks(write(tmp_path, content), "val", check_images=False)


def test_a_person_seen_in_every_frame_is_one_run_and_two_people_are_two(tmp_path: Path) -> None:
    tracks = read(tmp_path, video({0: (0, 1), 1: (0, 1), 2: (1,)}))
    assert frames_of_runs(tracks) == [[0, 1], [0, 1, 2]]
    assert [len(tracks.sightings), len(tracks.people)] == [5, 5]


def test_who_is_missing_in_a_labelled_frame_begins_another_run(tmp_path: Path) -> None:
    assert frames_of_runs(read(tmp_path, video({0: (0,), 1: (0, 1), 2: (1,), 3: (0, 1)}))) == [
        [0, 1], [3], [1, 2, 3],
    ]  # fmt: skip


def test_a_frame_labelled_with_nobody_ends_runs_and_one_that_is_not_labelled_does_not(tmp_path: Path) -> None:
    content = video({0: (0,), 1: (), 2: (0,)})
    assert frames_of_runs(read(tmp_path, content)) == [[0], [2]]
    content["images"][1]["is_labeled"] = False
    assert frames_of_runs(read(tmp_path, content)) == [[0, 2]]


def test_frames_labelled_four_apart_go_together_unless_the_gap_is_limited(tmp_path: Path) -> None:
    tracks = read(tmp_path, video({0: (0,), 4: (0,), 5: (0,), 10: (0,)}))
    assert frames_of_runs(tracks) == [[0, 4, 5], [10]]
    assert frames_of_runs(tracks, max_frame_gap=1) == [[0], [4, 5], [10]]
    with pytest.raises(DataError, match="max_frame_gap must be at least 1, but it is 0"):
        tracks.runs(0)


def test_who_is_inside_an_ignored_region_is_out_of_sight(tmp_path: Path) -> None:
    content = video({0: (0,), 1: (0,), 2: (0,)})
    content["images"][1] |= {"ignore_regions_x": [[0, 319, 319, 0]], "ignore_regions_y": [[0, 0, 239, 239]]}
    assert frames_of_runs(read(tmp_path, content)) == [[0], [2]]


def test_tracks_of_two_sequences_stay_apart(tmp_path: Path) -> None:
    write(tmp_path, video({0: (0,)}, "000002_test"), "000002_test")
    tracks = read(tmp_path, video({0: (0,), 1: (0,)}))
    assert frames_of_runs(tracks) == [[0, 1], [0]]
    assert [seen.sequence for seen in tracks.sightings] == ["000001_test"] * 2 + ["000002_test"]


@pytest.mark.parametrize(
    ("edit", "says"),
    [
        (lambda content: content["annotations"][1].update(track_id=0), "track 0 must be once in a frame"),
        (lambda content: content["annotations"][0].pop("track_id"), "annotation 100000 has no 'track_id'"),
        (
            lambda content: content["annotations"][0].update(track_id=True),
            "'track_id' of annotation 100000 mu",
        ),
        (lambda content: content["images"][0].update(file_name="images/a.jpg"), "named by the number of its"),
        (
            lambda content: content["images"][0].update(is_labeled="yes"),
            "'is_labeled' of image 1000 must be 0",
        ),
    ],
)
def test_a_file_that_does_not_say_who_is_who_is_refused_by_name(
    edit: Callable[[Json], None], says: str, tmp_path: Path
) -> None:
    content = video({0: (0, 1)})
    edit(content)
    with pytest.raises(DataError, match=f"000001_test.json: .*{says}"):
        read(tmp_path, content)


def test_detected_boxes_replace_the_labelled_ones_and_who_is_not_detected_is_out_of_sight(
    tmp_path: Path,
) -> None:
    root = write(tmp_path, video({0: (0,), 1: (0, 1), 2: (0,)}))
    found = [
        {"image_id": 1000, "bbox": [17, 97, 30, 46], "score": 0.9},
        {"image_id": 1000, "bbox": [200, 100, 30, 50], "score": 0.9},  # nobody who is labelled
        {"image_id": 1001, "bbox": [76, 96, 29, 50], "score": 0.9},  # person 1
        {"image_id": 1001, "bbox": [16, 96, 30, 50], "score": 0.1},  # person 0, but it scores too little
        {"image_id": 1002, "bbox": [16, 96, 30, 50], "score": 0.9},
        {"image_id": 1002, "bbox": [15, 95, 30, 50], "score": 0.5},  # overlaps more
    ]
    (tmp_path / "found.json").write_text(json.dumps(found))
    detections = read_detections(tmp_path / "found.json", min_score=0.3)
    tracks = read_tracks(root, "val", check_images=False, detections=detections)
    assert [person.box_xywh_px for person in tracks.people.people] == [
        (17, 97, 30, 46), (76, 96, 29, 50), (15, 95, 30, 50),
    ]  # fmt: skip
    assert tracks.people.skipped == {"not detected": 1}
    assert frames_of_runs(tracks) == [[0], [2], [1]]


def test_detections_need_image_ids_that_are_one_sequences_alone(tmp_path: Path) -> None:
    root = write(tmp_path, video({0: (0,)}), "000002_test")
    write(tmp_path, video({0: (0,)}))
    (tmp_path / "found.json").write_text('[{"image_id": "1000", "bbox": [15, 95, 30, 50], "score": 0.9}]')
    detections = read_detections(tmp_path / "found.json")
    with pytest.raises(DataError, match="image 1000 must be of this sequence alone"):
        read_tracks(root, "val", check_images=False, detections=detections)


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("score", float("nan"), "'score' of record 0 .*must be a finite number"),
        ("score", None, "record 0 .*has no 'score'"),
        ("bbox", [1, 2, 3, float("inf")], "'bbox' of record 0 .*must be 4 finite numbers"),
        ("bbox", [1, "2", 3, 4], "'bbox' of record 0 .*must be 4 numbers"),
        ("bbox", None, "record 0 .*has no 'bbox'"),
        ("image_id", "a", "'image_id' of record 0 .*must be a whole number"),
    ],
)
def test_every_field_of_a_detection_is_checked(field: str, value: object, says: str, tmp_path: Path) -> None:
    found = [{"image_id": 1, "bbox": [0, 0, 9, 9], "score": 0.5} | {field: value}]
    (tmp_path / "found.json").write_text(json.dumps(found))
    with pytest.raises(DataError, match=f"found.json: {says}"):
        read_detections(tmp_path / "found.json")


@pytest.mark.parametrize("track", ["7", 7.0])
def test_a_track_may_be_written_as_text(track: object, tmp_path: Path) -> None:
    content = video({0: (0,)})
    content["annotations"][0]["track_id"] = track
    assert [seen.track_id for seen in read(tmp_path, content).sightings] == [7]


@pytest.mark.parametrize("content", ["{}", "[{}]", "[1", '[{"image_id":1,"bbox":[0,0,9,9],"score":0.1}]'])
def test_a_file_without_detections_is_refused_by_name(content: str, tmp_path: Path) -> None:
    path = tmp_path / "found.json"
    path.write_text(content)
    with pytest.raises(DataError, match=r"found\.json.*Write it as COCO's results"):
        read_detections(path, min_score=0.5)


def test_a_detector_finds_the_real_people(shared: Path) -> None:
    root = shared / "data" / "posetrack18_mini"
    detections = read_detections(root / "annotations" / "test_posetrack18_human_detections.json")
    labelled, detected = read_tracks(root, "val"), read_tracks(root, "val", detections=detections)
    assert len(labelled.people) == len(detected.people) + detected.people.skipped["not detected"] == 14
    assert len(detected.people) >= 10

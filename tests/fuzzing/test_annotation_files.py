"""Whatever an annotation file holds, its reader gives something clean or one line that names the file.

VIPNAS_FUZZ_EXAMPLES=3000 pytest tests/fuzzing    tries so many files on each reader
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fuzzing.mutations import as_bytes, examples, mutated, read
from tests.workers.data.posetrack_folder import video
from workers.data import detections as tracked_detections
from workers.data.bonn import write_bonn_as_posetrack
from workers.data.coco import annotation_file, read_people
from workers.data.people import People
from workers.data.posetrack import posetrack_annotations, read_posetrack
from workers.data.skeleton import COCO17
from workers.data.tracks import read_tracks
from workers.evaluation.coco import detections as split_detections
from workers.evaluation.coco.ap import CocoScorer, KeypointAP
from workers.evaluation.coco.files import score_coco_files
from workers.evaluation.posetrack.files import score_folders
from workers.evaluation.posetrack.scorer import PoseTrackScorer
from workers.video.boxes import read_boxes

Json = dict[str, Any]
SPLIT = "val2017"
SEQUENCE = "000001_test"
MPII14 = (
    "right_ankle", "right_knee", "right_hip", "left_hip", "left_knee", "left_ankle", "right_wrist",
    "right_elbow", "right_shoulder", "left_shoulder", "left_elbow", "left_wrist", "upper_neck", "head_top",
)  # fmt: skip


def joints(number: int, count: int) -> np.ndarray:
    rng = np.random.default_rng(number)
    flags = np.where(np.arange(count) % 5 == 4, 0, 2)
    return np.column_stack([rng.integers(20, 90, (count, 2)), flags])


def person(number: int, image_id: int) -> Json:
    return {
        "id": number, "image_id": image_id, "category_id": 1, "iscrowd": 0, "bbox": [10, 10, 90.5, 100],
        "area": 4000.5, "num_keypoints": 14, "keypoints": joints(number, 17).ravel().tolist(),
    }  # fmt: skip


def coco() -> Json:
    crowd = person(4, 2) | {"iscrowd": 1, "keypoints": [0] * 51, "num_keypoints": 0}
    return {
        "images": [{"id": n, "file_name": f"{n}.jpg", "height": 120, "width": 160} for n in (1, 2)],
        "annotations": [person(1, 1), person(2, 1), person(3, 2), crowd],
        "categories": [
            {"id": 1, "name": "person", "keypoints": list(COCO17.names), "skeleton": [[1, 2], [2, 3]]},
            {"id": 2, "name": "car"},
        ],
    }


def results() -> list[Json]:
    return [{"image_id": n, "category_id": 1, "keypoints": joints(n, 17).ravel().tolist(), "score": 0.5 * n,
             "bbox": [10, 10, 90, 100], "track_id": n} for n in (1, 2)]  # fmt: skip


def posetrack(*, predicted: bool = False) -> Json:
    content = video({0: (0, 1), 1: (0,)}, SEQUENCE)
    content["images"][0] |= {"ignore_regions_x": [[0, 9, 9]], "ignore_regions_y": [[0, 0, 9]]}
    for each in content["annotations"] if predicted else ():
        each["scores"] = [0.5] * 17
    return content


def bonn() -> Json:
    images = [{"id": n, "file_name": f"frames/{n}.jpg", "width": 80, "height": 60, "frame": n, "vid_id": "7"}
              for n in (1, 2)]  # fmt: skip
    people = [{"id": n, "image_id": n, "track_id": 0, "keypoints": joints(n, 14).ravel().tolist(),
               "bbox_head": [20, 40, 6, 8]} for n in (1, 2)]  # fmt: skip
    return {"images": images, "annotations": people, "categories": [{"keypoints": list(MPII14)}]}


def files_of(document: Any) -> st.SearchStrategy[bytes]:
    return mutated(document).flatmap(as_bytes)


@pytest.fixture(scope="module")
def root() -> Iterator[Path]:
    with TemporaryDirectory() as folder:
        for part in (SPLIT, "annotations/val", "predicted", "images/val", "clip/frames"):
            (Path(folder) / part).mkdir(parents=True)
        for number in (1, 2):
            (Path(folder) / "clip" / "frames" / f"{number}.jpg").touch()
        yield Path(folder)


def write(path: Path, data: bytes | Any) -> Path:
    path.write_bytes(data if isinstance(data, bytes) else json.dumps(data).encode())
    return path


def assert_clean(people: People) -> None:
    """What training and scoring take for granted."""
    for each in people.people:
        assert each.keypoints.shape == (people.skeleton.keypoints, 3)
        assert np.isfinite(each.keypoints).all()
        assert np.isin(each.keypoints[:, 2], (0, 1, 2)).all()
        assert each.keypoints[:, 2].any()
        assert np.isfinite(each.box_xywh_px).all()
        assert min(each.box_xywh_px[2:]) >= 1
        assert 0 < each.area_px2 < np.inf
    assert "\n" not in people.summary
    assert all(count > 0 for count in people.skipped.values())


def assert_figures(ap: KeypointAP) -> None:
    assert all(0 <= getattr(ap, name) <= 1 or getattr(ap, name) == -1 for name in ap.__slots__)


@examples()
@given(data=files_of(coco()))
def test_a_coco_file_gives_clean_people_or_one_line(root: Path, data: bytes) -> None:
    write(annotation_file(root, SPLIT), data)
    people = read(lambda: read_people(root, SPLIT, check_images=False))
    if people is not None:
        assert_clean(people)
        read(lambda: CocoScorer.from_people(people))


@examples()
@given(data=files_of(coco()))
def test_scoring_against_a_coco_file_gives_figures_or_one_line(root: Path, data: bytes) -> None:
    truth, predicted = write(root / "truth.json", data), write(root / "results.json", results())
    score = read(lambda: score_coco_files(truth, predicted))
    if score is not None:
        for ap in (score.ap, *score.categories.values()):
            assert_figures(ap)


@examples()
@given(data=files_of(results()))
def test_a_file_of_coco_results_gives_figures_or_one_line(root: Path, data: bytes) -> None:
    truth, predicted = write(root / "truth.json", coco()), write(root / "results.json", data)
    score = read(lambda: score_coco_files(truth, predicted))
    if score is not None:
        assert_figures(score.ap)


@examples()
@given(data=files_of(results()))
def test_a_file_of_detections_gives_clean_boxes_or_one_line(root: Path, data: bytes) -> None:
    write(annotation_file(root, SPLIT), coco())
    path = write(root / "boxes.json", data)
    found = read(lambda: split_detections.read_detected_people(path, root, SPLIT))
    if found is not None:
        assert np.isfinite(found.scores).all()
        assert all(np.isfinite(each.box_xywh_px).all() for each in found.people.people)
    of_tracks = read(lambda: tracked_detections.read_detections(path))
    if of_tracks is not None:
        assert all((boxes[:, 2:] >= 1).all() for boxes in of_tracks.boxes_of_image.values())


@examples()
@given(data=files_of(posetrack()))
def test_a_posetrack_file_gives_clean_people_and_tracks_or_one_line(root: Path, data: bytes) -> None:
    write(root / "annotations" / "val" / f"{SEQUENCE}.json", data)
    people = read(lambda: read_posetrack(root, "val", check_images=False))
    if people is not None:
        assert_clean(people)
        read(lambda: PoseTrackScorer.from_people(people))
        read(lambda: CocoScorer.from_annotations(posetrack_annotations(root, "val"), people.skeleton))
    tracks = read(lambda: read_tracks(root, "val", check_images=False))
    if tracks is not None:
        assert len(tracks.sightings) == len(tracks.people)


@examples()
@given(truth=files_of(posetrack()), predicted=files_of(posetrack(predicted=True)), changed=st.booleans())
def test_scoring_posetrack_files_gives_figures_or_one_line(
    root: Path, truth: bytes, predicted: bytes, changed: bool
) -> None:
    write(root / "annotations" / "val" / f"{SEQUENCE}.json", truth if changed else posetrack())
    write(root / "predicted" / f"{SEQUENCE}.json", posetrack(predicted=True) if changed else predicted)
    score = read(lambda: score_folders(root / "annotations" / "val", root / "predicted"))
    if score is not None:
        known = score.ap.ap[~np.isnan(score.ap.ap)]
        assert ((known >= 0) & (known <= 1)).all()


@examples()
@given(data=st.one_of(files_of(posetrack()), files_of(results())))
def test_boxes_of_a_video_are_clean_or_refused_in_one_line(root: Path, data: bytes) -> None:
    path = write(root / "video.json", data)
    boxes = read(lambda: read_boxes(path))
    if boxes is not None:
        for frame, each in boxes.of_frame.items():
            assert frame >= 0
            assert np.isfinite(each.xywh_px).all()
            assert (each.xywh_px[:, 2:] >= 1).all()
            assert (each.track_ids >= 0).all()


@examples()
@given(data=files_of(bonn()))
def test_a_clip_is_converted_or_refused_in_one_line(root: Path, data: bytes) -> None:
    write(root / "clip" / "annotations.json", data)
    with TemporaryDirectory(dir=root) as out:
        if read(lambda: write_bonn_as_posetrack(root / "clip", Path(out))) is not None:
            read(lambda: read_tracks(Path(out), "val", check_images=False))

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from workers.data.skeleton import POSETRACK17
from workers.data.synthetic.clip import make_clip
from workers.data.synthetic.labels import PersonLabel
from workers.data.synthetic.layout import Document, coco_document, posetrack_document

HEIGHT, WIDTH = 240, 320


def _person(seen: float = 1.0, track_id: int = 1) -> PersonLabel:
    """COCO joint j at (10 j, 100 + j), the last one out of the image."""
    keypoints = np.array([(10.0 * joint, 100.0 + joint, 2.0) for joint in range(17)])
    keypoints[16] = 0.0
    keypoints[15, 2] = 1.0
    return PersonLabel(
        track_id=track_id,
        keypoints=keypoints,
        head_bottom=np.array([5.0, 110.0, 2.0]),
        head_top=np.array([6.5, 90.0, 1.0]),
        head_box_xywh_px=(0.0, 88.4, 20.0, 23.6),
        box_xywh_px=(0.0, 90.0, 160.0, 30.0),
        area_px2=1234,
        seen=seen,
    )


def _posetrack(*people: PersonLabel) -> Document:
    return posetrack_document(12, "val", [(), people], HEIGHT, WIDTH)


def test_a_coco_annotation_says_what_the_label_says() -> None:
    document = coco_document([(2, [(_person(),)])], HEIGHT, WIDTH)
    (image,), (annotation,) = document["images"], document["annotations"]
    assert (image["id"], image["file_name"]) == (20_001, "000000020001.jpg")
    assert annotation["image_id"] == 20_001
    assert annotation["num_keypoints"] == 16
    assert annotation["keypoints"][:6] == [0, 100, 2, 10, 101, 2]
    assert (annotation["bbox"], annotation["area"], annotation["iscrowd"]) == ([0, 90, 160, 30], 1234, 0)


def test_annotation_ids_do_not_repeat() -> None:
    pair = (_person(track_id=0), _person(track_id=1))
    document = coco_document([(0, [pair, pair]), (1, [pair])], HEIGHT, WIDTH)
    assert [annotation["id"] for annotation in document["annotations"]] == [1, 2, 3, 4, 5, 6]


def test_who_is_hidden_has_no_keypoints_in_coco_and_is_an_ignored_region_in_posetrack() -> None:
    hidden = _person(seen=0.1)
    (annotation,) = coco_document([(0, [(hidden,)])], HEIGHT, WIDTH)["annotations"]
    assert annotation["num_keypoints"] == 0
    assert set(annotation["keypoints"]) == {0}
    document = _posetrack(hidden)
    assert document["annotations"] == []
    assert document["images"][1]["ignore_regions_x"] == [[0, 160, 160, 0]]
    assert document["images"][1]["ignore_regions_y"] == [[90, 90, 120, 120]]


def test_posetrack_ids_follow_its_own_files() -> None:
    document = _posetrack(_person())
    assert [image["id"] for image in document["images"]] == [10_000_120_000, 10_000_120_001]
    assert document["images"][1]["file_name"] == "images/val/000012_made/000001.jpg"
    assert document["images"][1]["vid_id"] == "000012"
    (annotation,) = document["annotations"]
    assert (annotation["id"], annotation["track_id"]) == (1_000_012_000_101, 1)


def test_posetrack_joints_are_reordered_with_ears_unlabelled() -> None:
    (annotation,) = _posetrack(_person())["annotations"]
    joints = np.reshape(annotation["keypoints"], (17, 3)).tolist()
    keypoints = dict(zip(POSETRACK17.names, joints, strict=True))
    assert keypoints["nose"] == [0, 100, 1]
    assert keypoints["head_bottom"] == [5, 110, 1]
    assert keypoints["head_top"] == [6.5, 90, 1]
    assert keypoints["left_ear"] == keypoints["right_ear"] == [0, 0, 0]
    assert keypoints["left_shoulder"] == [50, 105, 1]
    assert keypoints["left_ankle"] == [150, 115, 1]
    assert keypoints["right_ankle"] == [0, 0, 0]
    assert annotation["num_keypoints"] == 14


def test_the_posetrack_box_is_the_joints_extent_widened_as_in_the_real_files(shared: Path) -> None:
    (annotation,) = _posetrack(_person())["annotations"]
    assert annotation["bbox"] == _widened(annotation)  # x 0..150, y 90..115
    assert annotation["bbox"] == [-22.5, 86.25, 195.0, 32.5]
    for path in _real_files(shared):
        for real in json.loads(path.read_text())["annotations"]:
            assert real["bbox"] == pytest.approx(_widened(real), abs=0.01)


def test_posetrack_files_have_the_keys_and_ids_of_the_real_ones(shared: Path) -> None:
    clip = [frame.people for frame in make_clip(np.random.SeedSequence(0), 2, 2, (HEIGHT, WIDTH), 0.5)]
    made = posetrack_document(7, "val", clip, HEIGHT, WIDTH)
    for path in _real_files(shared):
        real = json.loads(path.read_text())
        assert set(made) == set(real)
        assert set(made["annotations"][0]) == set(real["annotations"][0])
        assert set(real["images"][0]) - set(made["images"][0]) == {"mask_file"}
        assert made["categories"][0]["keypoints"] == real["categories"][0]["keypoints"]
        image, annotation = real["images"][0], real["annotations"][0]
        assert image["id"] == int(f"1{image['vid_id']}0000")
        assert annotation["id"] == 100 * image["id"] + annotation["track_id"]


def _real_files(shared: Path) -> list[Path]:
    files = sorted((shared / "data" / "posetrack18_mini" / "annotations" / "val").glob("*.json"))
    assert files
    return files


def _widened(annotation: Document) -> list[float]:
    keypoints = np.reshape(annotation["keypoints"], (17, 3))
    points = keypoints[keypoints[:, 2] > 0, :2]
    low, extent = points.min(axis=0), np.ptp(points, axis=0)
    return [float(value) for value in (*(low - 0.15 * extent), *(1.3 * extent))]

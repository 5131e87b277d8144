from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.workers.data.posetrack_folder import video, write
from workers.data.coco import read_people
from workers.data.images import Flaw
from workers.data.posetrack import posetrack_annotations, read_posetrack
from workers.data.skeleton import COCO17, POSETRACK17
from workers.errors import DataError
from workers.evaluation.coco.ap import CocoScorer
from workers.evaluation.crops import prepare_crops
from workers.evaluation.posetrack.scorer import PoseTrackScorer

Edit = Callable[[dict[str, Any]], None]


def only_noses(content: dict[str, Any]) -> None:
    content["categories"][0]["keypoints"] = ["nose"]
    for person in content["annotations"]:
        person["keypoints"] = person["keypoints"][:3]


@pytest.fixture
def write_posetrack(synthetic_root: Path, tmp_path: Path) -> Callable[[Edit], Path]:
    """A copy of the synthetic validation clips, the first of them changed."""

    def write(edit: Edit) -> Path:
        root = tmp_path / "posetrack18"
        shutil.copytree(synthetic_root / "posetrack18", root)
        path = min((root / "annotations" / "val").glob("*.json"))
        content = json.loads(path.read_text())
        edit(content)
        path.write_text(json.dumps(content))
        return root

    return write


def test_synthetic_people_are_those_of_the_coco_layout_with_the_joints_renamed(synthetic_root: Path) -> None:
    tracked, coco = (
        read_posetrack(synthetic_root / "posetrack18", "train"),
        read_people(synthetic_root, "train2017"),
    )
    assert tracked.skeleton == POSETRACK17
    assert len(tracked) == len(coco) > 20
    shared = [name for name in COCO17.names if name in POSETRACK17.names and not name.endswith("ear")]
    here, there = ([skeleton.names.index(name) for name in shared] for skeleton in (POSETRACK17, COCO17))
    for one, other in zip(tracked.people, coco.people, strict=True):
        assert Path(one.image_path).samefile(other.image_path)
        joints, same = one.keypoints[here], other.keypoints[there]
        assert np.array_equal(joints[:, 2] > 0, same[:, 2] > 0)
        assert np.allclose(joints[:, :2], same[:, :2])
    ears = [POSETRACK17.names.index(f"{side}_ear") for side in ("left", "right")]
    assert not any(person.keypoints[ears].any() for person in tracked.people)
    assert any(person.keypoints[POSETRACK17.names.index("head_top"), 2] > 0 for person in tracked.people)


def test_who_lies_in_an_ignored_region_is_not_cropped_and_not_missed(
    write_posetrack: Callable[[Edit], Path],
) -> None:
    def ignore_the_first(content: dict[str, Any]) -> None:
        first = content["annotations"][0]
        x, y, width, height = first["bbox"]
        image = next(image for image in content["images"] if image["id"] == first["image_id"])
        image["ignore_regions_x"].append([x, x + width, x + width, x])
        image["ignore_regions_y"].append([y, y, y + height, y + height])

    root = write_posetrack(ignore_the_first)
    people = read_posetrack(root, "val")
    records = posetrack_annotations(root, "val")
    assert people.skipped["inside an ignored region"] >= 1
    assert len(people) + people.skipped["inside an ignored region"] == sum(map(len, records))
    joints = np.stack([person.keypoints for person in people.people]).astype(float)
    scorer = CocoScorer.from_annotations(records, people.skeleton)
    crops = prepare_crops(people, (64, 32))
    assert scorer.score(crops, joints[..., :2], joints[..., 2]).ap == pytest.approx(1.0)


def test_a_person_without_a_box_and_images_without_a_size_are_as_published(
    synthetic_root: Path, write_posetrack: Callable[[Edit], Path]
) -> None:
    def as_published(content: dict[str, Any]) -> None:
        del content["annotations"][0]["bbox"]
        for image in content["images"]:
            del image["width"], image["height"]

    whole = read_posetrack(synthetic_root / "posetrack18", "val")
    people = read_posetrack(write_posetrack(as_published), "val")
    assert people.skipped["without a box"] == 1
    boxes = [person.box_xywh_px for person in whole.people[1:]]
    assert [person.box_xywh_px for person in people.people] == boxes


@pytest.mark.parametrize(
    ("edit", "says"),
    [
        (lambda content: content.pop("images"), "the file has no 'images'"),
        (lambda content: only_noses(content), "its joints are 'nose'"),
        (
            lambda content: content["images"][0].update(ignore_regions_x=[[0, 1, 1]]),
            "the ignored regions of im",
        ),
    ],
)
def test_a_file_that_is_no_posetrack18_is_refused_by_name(
    edit: Edit, says: str, write_posetrack: Callable[[Edit], Path]
) -> None:
    with pytest.raises(DataError, match=says) as refusal:
        read_posetrack(write_posetrack(edit), "val")
    assert "_made.json" in str(refusal.value)


def test_a_folder_of_another_layout_is_told_what_is_needed(synthetic_root: Path) -> None:
    with pytest.raises(DataError, match=r"val has no \*\.json\. A PoseTrack18 folder holds images/val"):
        read_posetrack(synthetic_root, "val")


def test_real_frames_are_read_as_they_were_published(shared: Path) -> None:
    people = read_posetrack(shared / "data" / "posetrack18_mini", "val")
    assert len(people) == 14
    assert people.skipped == {}
    labelled = sum(int((person.keypoints[:, 2] > 0).sum()) for person in people.people)
    assert labelled == 182


def write_videos(root: Path, *contents: dict[str, Any]) -> Path:
    for number, content in enumerate(contents, start=1):
        write(root, content, f"{number:06d}_test")
    return root


def test_areas_are_the_boxes_by_the_rule_of_all_readers_and_said(tmp_path: Path) -> None:
    people = read_posetrack(write_videos(tmp_path, video({0: (0, 1)})), "val", check_images=False)
    assert [person.area_px2 for person in people.people] == [0.53 * 30 * 50] * 2
    assert people.summary == "2 people from val; 2 areas that are missing, taken as 0.53 of the box"


def test_sequences_with_an_image_id_in_common_are_refused_where_ids_tell_images_apart(tmp_path: Path) -> None:
    root = write_videos(tmp_path, video({0: (0,)}, "000001_test"), video({0: (0,)}, "000002_test"))
    for read in (read_posetrack, posetrack_annotations):
        with pytest.raises(DataError, match=r"000002_test\.json: image 1000 must be of this sequence alone"):
            read(root, "val")
    write_videos(tmp_path, video({0: (0,)}, "000001_test", first_id=5))
    assert len(read_posetrack(root, "val", check_images=False)) == 2


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("bbox", [1, 2, float("nan"), 4], "'bbox' of annotation 100000 must be 4 finite numbers"),
        ("keypoints", [1, 2, float("nan")] * 17, "joint 0 of annotation 100000 .*must have flag"),
        ("keypoints", [float("inf"), 2, 1] * 17, "joint 0 of annotation 100000 .*is labelled"),
        ("area", "wide", "'area' of annotation 100000 must be a finite number"),
        ("id", [5], "'id' of annotation .* must be a whole number"),
    ],
)
def test_every_field_is_checked_as_in_the_layout_of_coco(
    field: str, value: object, says: str, tmp_path: Path
) -> None:
    content = video({0: (0,)})
    content["annotations"][0][field] = value
    root = write_videos(tmp_path, content)
    for read in (read_posetrack, posetrack_annotations):
        with pytest.raises(DataError, match=rf"000001_test\.json: {says}"):
            read(root, "val")


@pytest.mark.parametrize("x", [[[0, 1, None]], [["0", 1, 2]], [[0, 1]], [7], "x", [[0, 1, float("nan")]], {}])
def test_ignored_regions_are_checked(x: object, tmp_path: Path) -> None:
    content = video({0: (0,)})
    content["images"][0] |= {"ignore_regions_x": x, "ignore_regions_y": [[0, 1, 2]]}
    with pytest.raises(DataError, match="the ignored regions of image 1000 must have equally many"):
        read_posetrack(write_videos(tmp_path, content), "val", check_images=False)


def test_joints_in_another_order_and_spelling_are_put_in_posetracks(
    synthetic_root: Path, write_posetrack: Callable[[Edit], Path]
) -> None:
    def edit(content: dict[str, Any]) -> None:
        names = content["categories"][0]["keypoints"]
        content["categories"][0]["keypoints"] = [name.title().replace("_", " ") for name in names[::-1]]
        for annotation in content["annotations"]:
            annotation["keypoints"] = np.reshape(annotation["keypoints"], (-1, 3))[::-1].ravel().tolist()

    expected, root = read_posetrack(synthetic_root / "posetrack18", "val"), write_posetrack(edit)
    people = read_posetrack(root, "val")
    assert people.skeleton is POSETRACK17
    for one, other in zip(people.people, expected.people, strict=True):
        assert np.array_equal(one.keypoints, other.keypoints)
    moved, there = (posetrack_annotations(each, "val") for each in (root, synthetic_root / "posetrack18"))
    for ours, theirs in zip(moved, there, strict=True):
        assert np.array_equal(ours.keypoints, theirs.keypoints)
    poses = np.stack([person.keypoints[:, :2] for person in expected.people])
    ap = PoseTrackScorer.from_people(people, alone=True).score(poses, np.ones(poses.shape[:2]))
    assert ap.total == pytest.approx(1.0)


def test_other_joints_are_refused_with_those_that_are_missing(
    write_posetrack: Callable[[Edit], Path],
) -> None:
    def edit(content: dict[str, Any]) -> None:
        content["categories"][0]["keypoints"][2] = "tail"

    with pytest.raises(DataError, match="it lacks head_top and it has tail"):
        read_posetrack(write_posetrack(edit), "val")


@pytest.mark.timeout(60)
def test_images_out_of_the_folder_are_not_opened_be_it_for_their_size(
    write_posetrack: Callable[[Edit], Path], tmp_path: Path
) -> None:
    os.mkfifo(tmp_path / "pipe.jpg")

    def edit(content: dict[str, Any]) -> None:
        content["images"][0]["file_name"] = "../pipe.jpg"
        for image in content["images"]:
            del image["width"], image["height"]

    root = write_posetrack(edit)
    content = json.loads(min((root / "annotations" / "val").glob("*.json")).read_text())
    lost = {image["id"] for image in content["images"][:1]}
    people = read_posetrack(root, "val")
    assert (
        people.skipped[Flaw.OUTSIDE] == sum(each["image_id"] in lost for each in content["annotations"]) > 0
    )
    assert not any(person.image_id in lost for person in people.people)

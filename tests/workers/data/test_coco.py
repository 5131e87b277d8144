from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.workers.data.some_pictures import corner_picture, jpeg, png_bomb, stored_for, write
from workers.data.coco import annotation_file, read_people
from workers.data.images import Flaw, ImageStore, Turn
from workers.data.skeleton import COCO17, skeleton_from_names
from workers.data.skeletons.order import with_joints_like
from workers.errors import DataError
from workers.evaluation.coco.ap import CocoScorer
from workers.evaluation.crops import prepare_crops

Write = Callable[..., Path]
Json = dict[str, Any]


def test_every_usable_person_is_read_with_its_numbers(write_coco: Write) -> None:
    root = write_coco()
    people = read_people(root, "val2017")
    assert len(people) == 3
    assert people.skipped == {}
    assert people.skeleton is COCO17
    assert people.summary == "3 people from person_keypoints_val2017.json"
    second = people.people[1]
    assert (second.image_id, second.annotation_id, second.area_px2) == (2, 2, 2400.0)
    assert second.box_xywh_px == (40.0, 20.0, 60.0, 80.0)
    assert second.keypoints.shape == (17, 3)
    assert second.keypoints.dtype == np.float32
    assert second.image_path == str((root / "val2017" / "000000000002.jpg").resolve())


def set_first(key: str, value: object) -> Callable[[Json], None]:
    def edit(content: Json) -> None:
        content["annotations"][0][key] = value

    return edit


@pytest.mark.parametrize(
    ("key", "value", "reason"),
    [
        ("iscrowd", 1, "crowd region"),
        ("iscrowd", True, "crowd region"),
        ("keypoints", None, "without keypoints"),
        ("bbox", None, "without a box"),
        ("bbox", [], "without a box"),
        ("bbox", [10.0, 10.0, 0.0, 30.0], "box below one pixel"),
        ("bbox", [10.0, 10.0, 30.0, -30.0], "box below one pixel"),
        ("bbox", [200.0, 10.0, 50.0, 30.0], "box outside the image"),
        ("image_id", 99, "of an image that is not listed"),
        ("category_id", 2, "of a category that is not listed"),
    ],
)
def test_an_unusable_annotation_is_skipped_and_counted(
    write_coco: Write, key: str, value: object, reason: str
) -> None:
    def edit(content: Json) -> None:
        content["annotations"][0][key] = value
        del content["annotations"][0]["num_keypoints"]

    people = read_people(write_coco(edit), "val2017")
    assert [person.annotation_id for person in people.people] == [2, 3]
    assert people.skipped == {reason: 1}
    assert people.summary == f"2 people from person_keypoints_val2017.json; skipped: 1 {reason}"


def test_broken_and_missing_images_are_skipped_and_counted(write_coco: Write) -> None:
    root = write_coco(people=4)
    images = root / "val2017"
    (images / "000000000001.jpg").unlink()
    (images / "000000000002.jpg").write_bytes((images / "000000000002.jpg").read_bytes()[:700])
    (images / "000000000003.jpg").write_text("no picture")
    people = read_people(root, "val2017")
    assert [person.annotation_id for person in people.people] == [4]
    assert people.skipped == {"image file missing": 1, "image unreadable or truncated": 2}
    assert len(read_people(root, "val2017", check_images=False)) == 4


def test_an_image_of_another_size_than_annotated_is_skipped(write_coco: Write) -> None:
    def edit(content: Json) -> None:
        content["images"][0]["height"], content["images"][0]["width"] = 160, 120

    people = read_people(write_coco(edit), "val2017")
    assert people.skipped == {"image size differs from its annotation": 1}


def test_a_box_partly_outside_is_clipped(write_coco: Write) -> None:
    people = read_people(write_coco(set_first("bbox", [-10.0, 100.0, 30.0, 50.0])), "val2017")
    assert people.people[0].box_xywh_px == (0.0, 100.0, 20.0, 20.0)


def test_the_joints_come_from_the_category_that_names_them(write_coco: Write) -> None:
    def edit(content: Json) -> None:
        person = {"id": 1, "keypoints": ["head", "left_hand", "right_hand"], "skeleton": [[1, 2]]}
        content["categories"] = [{"id": 7, "name": "car"}, person]
        for annotation in content["annotations"]:
            annotation["keypoints"] = annotation["keypoints"][:9]

    skeleton = read_people(write_coco(edit), "val2017").skeleton
    assert (skeleton.keypoints, skeleton.flip_pairs, skeleton.links) == (3, ((1, 2),), ((0, 1),))


def test_a_category_without_names_has_the_joints_of_coco(write_coco: Write) -> None:
    def edit(content: Json) -> None:
        del content["categories"][0]["keypoints"]

    assert read_people(write_coco(edit), "val2017").skeleton is COCO17


def test_a_missing_folder_or_file_is_refused_with_the_layout(write_coco: Write, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"nowhere does not exist\. A data folder holds val2017/ with the"):
        read_people(tmp_path / "nowhere", "val2017")
    root = write_coco()
    with pytest.raises(DataError, match=r"train2017 does not exist"):
        read_people(root, "train2017")
    annotation_file(root, "val2017").unlink()
    with pytest.raises(DataError, match=r"person_keypoints_val2017\.json does not exist"):
        read_people(root, "val2017")


@pytest.mark.parametrize("text", ['{"images": [', "\x00\xff", ""])
def test_unreadable_json_is_refused_by_name(write_coco: Write, text: str) -> None:
    root = write_coco()
    annotation_file(root, "val2017").write_bytes(text.encode("latin-1"))
    with pytest.raises(DataError, match=r"cannot read .*person_keypoints_val2017\.json: .*Restore"):
        read_people(root, "val2017")


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (lambda c: c.pop("images"), "the file has no 'images'"),
        (lambda c: c.pop("categories"), "the file has no 'categories'"),
        (lambda c: c["annotations"][1].pop("id"), r"annotation 1 \(counted from 0\) has no 'id'"),
        (lambda c: c["annotations"][1].pop("image_id"), "annotation 2 has no 'image_id'"),
        (lambda c: c["images"][1].pop("file_name"), "image 2 has no 'file_name'"),
        (lambda c: c["annotations"][1].update(keypoints=[1, 2, 3]), "'keypoints' of annotation 2 must be 51"),
        (lambda c: c["annotations"][1].update(bbox="wide"), "'bbox' of annotation 2 must be 4"),
        (lambda c: c["images"][1].pop("width"), "image 2 has no 'width'"),
        (lambda c: c.update(images={}), "'images' must be a list of objects"),
    ],
)
def test_a_missing_or_malformed_key_is_refused_by_name(
    write_coco: Write, edit: Callable[[Json], None], message: str
) -> None:
    with pytest.raises(DataError, match=rf"person_keypoints_val2017\.json: {message}"):
        read_people(write_coco(edit), "val2017")


def test_a_split_in_which_nobody_is_usable_is_refused_with_the_counts(write_coco: Write) -> None:
    def edit(content: Json) -> None:
        for annotation in content["annotations"]:
            annotation["iscrowd"] = 1

    with pytest.raises(DataError, match=r"no usable person \(0 people .*skipped: 3 crowd region\)"):
        read_people(write_coco(edit), "val2017")


def other_order(content: Json) -> None:
    """Joints from the last to the first."""
    content["categories"][0]["keypoints"].reverse()
    for annotation in content["annotations"]:
        annotation["keypoints"] = np.reshape(annotation["keypoints"], (-1, 3))[::-1].ravel().tolist()


def test_joints_in_another_order_are_put_in_that_of_the_training_split(write_coco: Write) -> None:
    expected = read_people(write_coco(), "val2017")
    people = read_people(write_coco(other_order), "val2017")
    assert not np.array_equal(people.people[0].keypoints, expected.people[0].keypoints)
    moved = with_joints_like(people, COCO17, "train.json")
    assert moved.skeleton is COCO17
    for one, other in zip(moved.people, expected.people, strict=True):
        assert np.array_equal(one.keypoints, other.keypoints)
    assert with_joints_like(moved, COCO17, "train.json").file_places == moved.file_places
    crops = prepare_crops(moved, (64, 48))
    poses = np.stack([person.keypoints[:, :2] for person in expected.people])
    ap = CocoScorer.from_people(moved).score(crops, poses, np.ones(poses.shape[:2]))
    assert ap.ap == pytest.approx(1.0), "the truth that is read again must be moved, too"


def test_other_joints_than_those_of_the_training_split_are_refused_by_name(write_coco: Write) -> None:
    people = read_people(write_coco(), "val2017")
    wanted = skeleton_from_names((*COCO17.names[:-1], "tail"))
    with pytest.raises(DataError, match=r"joints of train\.json, but it lacks tail and it has right_ankle"):
        with_joints_like(people, wanted, "train.json")


@pytest.mark.timeout(60)
def test_images_that_are_no_plain_files_of_the_folder_are_skipped_and_counted(
    write_coco: Write, tmp_path: Path
) -> None:
    def edit(content: Json) -> None:
        names = [
            "../outside.jpg",
            str(elsewhere),
            "../../x/../out.jpg",
            "out.jpg",
            "pipe.jpg",
            "folder",
            "bomb.png",
        ]
        for image, name in zip(content["images"][1:], names, strict=True):
            image["file_name"] = name

    elsewhere = write(tmp_path.parent / f"{tmp_path.name}-outside.jpg", jpeg(corner_picture(120, 160)))
    (tmp_path / "val2017").mkdir()
    (tmp_path / "val2017" / "out.jpg").symlink_to(elsewhere)
    (tmp_path / "val2017" / "folder").mkdir()
    os.mkfifo(tmp_path / "val2017" / "pipe.jpg")
    write(tmp_path / "val2017" / "bomb.png", png_bomb())
    (tmp_path / "outside.jpg").symlink_to(elsewhere)
    people = read_people(write_coco(edit, people=8), "val2017")
    assert [person.annotation_id for person in people.people] == [1]
    assert people.skipped == {Flaw.OUTSIDE: 4, Flaw.NOT_A_FILE: 2, Flaw.TOO_LARGE: 1}


def test_an_image_elsewhere_in_the_data_folder_is_used(write_coco: Write, tmp_path: Path) -> None:
    def edit(content: Json) -> None:
        content["images"][0]["file_name"] = "../shared/a.jpg"

    write(tmp_path / "shared" / "a.jpg", jpeg(corner_picture(120, 160)))
    assert len(read_people(write_coco(edit), "val2017")) == 3


def test_pictures_of_a_telephone_are_read_as_they_are_annotated_and_it_is_said(
    write_coco: Write, tmp_path: Path
) -> None:
    def edit(content: Json) -> None:
        for image, orientation in zip(content["images"], (1, 3, 6, 8), strict=True):
            stored = stored_for(corner_picture(120, 160), orientation)
            write(tmp_path / "val2017" / image["file_name"], jpeg(stored, orientation))

    people = read_people(write_coco(edit, people=4), "val2017")
    assert people.notes == {Turn.AS_OPENCV: 1, Turn.AS_STATED: 2}
    assert f"; 1 {Turn.AS_OPENCV}, 2 {Turn.AS_STATED}" in people.summary or (
        f"; 2 {Turn.AS_STATED}, 1 {Turn.AS_OPENCV}" in people.summary
    )
    store = ImageStore(0)
    for row, person in enumerate(people.people):
        image, _ = store.view(row, person)
        assert np.abs(image.astype(int) - corner_picture(120, 160)).mean() < 3

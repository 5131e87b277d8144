"""Every field of every record: what counts, what is skipped, what is refused by the record's id."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from workers.data.annotations.areas import FROM_BOX
from workers.data.annotations.categories import LOOSE_LINKS
from workers.data.annotations.joints import MISCOUNTED
from workers.data.annotations.pictures import AGAIN
from workers.data.annotations.records import TEXT_IDS
from workers.data.coco import read_people
from workers.data.people import People
from workers.data.skeleton import COCO17
from workers.errors import DataError

Write = Callable[..., Path]
Json = dict[str, Any]
NAN, INF, BEYOND = math.nan, math.inf, 10**400
NO_FLAGS: tuple[Any, ...] = ("2", True, [2], {})
NO_AREAS: tuple[Any, ...] = (NAN, INF, -INF, BEYOND, "5", [5], {}, True)
NO_CROWDS: tuple[Any, ...] = ("0", 2, -1, [], {}, NAN, 0.5)
NO_IDS: tuple[Any, ...] = (1.5, "one", True, [1], {}, NAN, INF, BEYOND, 2**63)
NO_TABLES: tuple[Any, ...] = (None, {}, "text", [None], [[]], [1])


def first(**changes: Any) -> Callable[[Json], None]:
    """Changes the first annotation."""
    return lambda content: content["annotations"][0].update(changes)


def image(**changes: Any) -> Callable[[Json], None]:
    return lambda content: content["images"][0].update(changes)


def category(**changes: Any) -> Callable[[Json], None]:
    return lambda content: content["categories"][0].update(changes)


def joint(number: int, *values: Any) -> Callable[[Json], None]:
    """Changes a joint of the first annotation."""

    def edit(content: Json) -> None:
        content["annotations"][0]["keypoints"][3 * number : 3 * number + 3] = values
        content["annotations"][0].pop("num_keypoints", None)

    return edit


def read(write: Write, edit: Callable[[Json], None], people: int = 3) -> People:
    return read_people(write(edit, people), "val2017", check_images=False)


@pytest.mark.parametrize("nowhere", [NAN, INF, -INF, None, BEYOND, 1e300])
def test_a_joint_that_is_not_labelled_may_lie_nowhere_and_the_others_count(
    write_coco: Write, nowhere: Any
) -> None:
    people = read(write_coco, joint(4, nowhere, 7, 0))
    assert (len(people), people.skipped) == (3, {})
    keypoints = people.people[0].keypoints
    assert keypoints[4].tolist() == [0, 0, 0]
    assert (keypoints[:, 2] > 0).sum() == 16


def test_a_joint_that_is_not_labelled_keeps_the_place_that_it_has(write_coco: Write) -> None:
    assert read(write_coco, joint(4, 12.5, 7, 0)).people[0].keypoints[4].tolist() == [12.5, 7, 0]


@pytest.mark.parametrize(
    ("edit", "says"),
    [
        *((joint(4, 5, nowhere, 2), r"joint 4 of annotation 1 \('right_ear'\) is labelled, so it must")
          for nowhere in (NAN, INF, None, BEYOND, 1e300)),
        *((joint(4, 5, 5, flag), r"joint 4 of annotation 1 \('right_ear'\) must have flag 0, 1 or 2")
          for flag in (3, -1, 0.5, NAN, None, INF)),
        *((joint(4, 5, 5, flag), "'keypoints' of annotation 1 must be 51 numbers")
          for flag in NO_FLAGS),
        *((first(keypoints=keypoints), "'keypoints' of annotation 1 must be 51 numbers")
          for keypoints in ([1, 2, 3], "none", {"nose": [1, 2, 2]}, 5, True, [[1, 2, 2]] * 17, [0] * 54)),
        *((first(bbox=box), "'bbox' of annotation 1 must be 4 .*but is") for box in (
            [1, 2, 3], "1 2 3 4", {"x": 1}, 7, False, [1, 2, "3", 4], [1, 2, None, 4], [NAN, 2, 3, 4],
            [1, 2, INF, 4], [1, 2, 3, BEYOND], [-1e300, 2, 3, 4], [1, 2, True, 4],
        )),
        *((first(area=area), "'area' of annotation 1 must be a finite number, but is")
          for area in NO_AREAS),
        (first(area=1e6), "the area of annotation 1 must be at most four times that of its image"),
        (first(area=None, bbox=[0, 0, 1e5, 1e5]), "the area of annotation 1 must be at most four times"),
        *((first(iscrowd=crowd), "'iscrowd' of annotation 1 must be 0 or 1, but is")
          for crowd in NO_CROWDS),
        *((first(**{key: value}), f"'{key}' of annotation .* must be a whole number, but is")
          for key in ("id", "image_id", "category_id")
          for value in NO_IDS),
        *((first(**{key: None}), f"annotation .* has no '{key}'")
          for key in ("id", "image_id", "category_id")),
        (first(id=2), "annotation 2 is there twice: each must have its own 'id'"),
        *((image(id=value), "'id' of image .* must be a whole number") for value in ("a", True, 1.5, BEYOND)),
        (image(id=None), r"image 0 \(counted from 0\) has no 'id'"),
        *((image(height=value), "'height' of image 1 must be a whole number of pixels, but is")
          for value in (0, -120, 0.5, "120", [120], NAN, INF, BEYOND, True)),
        (image(width=None), "image 1 has no 'width'"),
        *((image(file_name=name), "'file_name' of image 1 must be text, but is")
          for name in (7, "", "a\0b", "a\nb", ["a.jpg"], True)),
        *((category(keypoints=names), "'keypoints' of category 1 must be a list of the joints' names")
          for names in ("nose", [1, 2], {"a": 1}, [None], [""], True)),
        (category(keypoints=["a", "b", "a"]), "'keypoints' of category 1 must name each joint once"),
        (category(id="x"), "'id' of category 'x' must be a whole number"),
        (lambda content: content["categories"].append({"id": 1}), "category 1 is there twice"),
        (lambda content: content["categories"].clear(), "'categories' is empty"),
        *((lambda content, key=key, value=value: content.update({key: value}),
           f"'{key}' must be a list of objects") for key in ("images", "annotations", "categories")
          for value in NO_TABLES),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused_by_the_records_id(
    write_coco: Write, edit: Callable[[Json], None], says: str
) -> None:
    with pytest.raises(DataError, match=rf"person_keypoints_val2017\.json: {says}") as refusal:
        read(write_coco, edit)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("area", [None, 0, -1, 0.0])
def test_an_area_that_is_missing_is_a_part_of_the_box_and_said(write_coco: Write, area: Any) -> None:
    people = read(write_coco, first(area=area))
    assert people.people[0].area_px2 == 0.53 * 60 * 80
    assert people.people[1].area_px2 == 2400
    assert people.notes == {FROM_BOX: 1}
    assert people.summary.endswith("; 1 areas that are missing, taken as 0.53 of the box")


@pytest.mark.parametrize("joints", [None, []])
def test_a_record_without_joints_is_skipped_whatever_its_box(write_coco: Write, joints: Any) -> None:
    def edit(content: Json) -> None:
        first(keypoints=joints, bbox=[0, 0, 0, 0], area=0, num_keypoints=0)(content)
        del content["annotations"][1]["keypoints"], content["annotations"][1]["bbox"]

    people = read(write_coco, edit)
    assert people.skipped == {"without keypoints": 2}


@pytest.mark.parametrize("count", [0, 3, 18, None, "17", [17], {}, NAN, True])
def test_the_flags_say_how_many_joints_there_are(write_coco: Write, count: Any) -> None:
    people = read(write_coco, first(num_keypoints=count))
    assert len(people) == 3
    assert people.notes == ({} if count is None else {MISCOUNTED: 1})


def test_ids_that_are_written_as_text_are_numbers_and_said(write_coco: Write) -> None:
    def edit(content: Json) -> None:
        content["images"][0]["id"] = "1"
        for annotation in content["annotations"]:
            annotation["image_id"] = str(annotation["image_id"])
        content["annotations"][1]["category_id"] = 1.0

    people = read(write_coco, edit)
    assert [person.image_id for person in people.people] == [1, 2, 3]
    assert people.notes == {TEXT_IDS: 4}


def test_people_of_an_id_that_two_images_have_are_nobodys(write_coco: Write) -> None:
    people = read(write_coco, lambda content: content["images"][2].update(id=1))
    assert [Path(person.image_path).name for person in people.people] == ["000000000002.jpg"]
    assert people.skipped == {"of an image id that two images have": 1, "of an image that is not listed": 1}


def test_an_image_that_is_listed_twice_is_one(write_coco: Write) -> None:
    people = read(write_coco, lambda content: content["images"].append(dict(content["images"][0])))
    assert (len(people), people.skipped, people.notes) == (3, {}, {AGAIN: 1})


def test_links_are_only_drawn(write_coco: Write) -> None:
    links = [[1, 2], [1], [1, 99], ["3", 4.0], "x", [0, 1], None, [1, 2, 3], [True, 2]]
    names = [f"joint {number}" for number in range(17)]
    people = read(write_coco, category(skeleton=links, keypoints=names))
    assert people.skeleton.links == ((0, 1), (2, 3))
    assert people.notes == {LOOSE_LINKS: 7}
    for skeleton, notes in ((None, {}), ([], {}), ("none", {LOOSE_LINKS: 1})):
        assert read(write_coco, category(skeleton=skeleton)).notes == notes


ANIMALS = [{"id": number, "name": name, "keypoints": list(COCO17.names)}
           for number, name in enumerate(("cat", "dog", "ox"), start=1)]  # fmt: skip


def each_of_its_own(content: Json) -> None:
    content["categories"] = [dict(animal) for animal in ANIMALS]
    for annotation in content["annotations"]:
        annotation["category_id"] = annotation["id"]


def test_categories_with_equal_joints_are_one_skeleton(write_coco: Write) -> None:
    people = read(write_coco, each_of_its_own)
    assert (len(people), people.skipped, people.skeleton) == (3, {}, COCO17)


def test_people_with_different_joints_are_refused_by_the_names_of_their_categories(write_coco: Write) -> None:
    def edit(content: Json) -> None:
        each_of_its_own(content)
        content["categories"][1]["keypoints"] = [f"j{number}" for number in range(17)]

    with pytest.raises(
        DataError, match=r"but those of categories 'cat' and 'dog' differ\. Write a file for each"
    ):
        read(write_coco, edit)


def test_a_category_with_other_joints_that_nobody_has_is_no_hindrance(write_coco: Write) -> None:
    def edit(content: Json) -> None:
        hand = {"id": 5, "name": "hand", "keypoints": ["thumb", "palm"]}
        content["categories"] = [hand, *content["categories"]]
        content["annotations"].append({"id": 9, "image_id": 1, "category_id": 5, "keypoints": []})

    people = read(write_coco, edit)
    assert (len(people), people.skipped) == (3, {"of another category": 1})
    assert people.skeleton is COCO17


def test_categories_without_names_that_have_people_have_the_joints_of_coco(write_coco: Write) -> None:
    def edit(content: Json) -> None:
        each_of_its_own(content)
        content["categories"] = [{"id": 9}, *({"id": number} for number in (1, 2, 3))]

    people = read(write_coco, edit)
    assert (len(people), people.skeleton) == (3, COCO17)


def test_more_than_a_tenth_skipped_is_a_warning_and_crowds_are_not_in_the_tenth(write_coco: Write) -> None:
    def without_boxes(count: int) -> Callable[[Json], None]:
        def edit(content: Json) -> None:
            for annotation in content["annotations"][:count]:
                annotation["bbox"] = None
            content["annotations"][-1]["iscrowd"] = 1
            content["annotations"][-2].update(keypoints=[0] * 51, num_keypoints=0)

        return edit

    assert read(write_coco, without_boxes(1), people=12).warning is None
    warning = read(write_coco, without_boxes(2), people=12).warning
    assert warning is not None
    assert warning.startswith("2 of 10 people of /")
    assert warning.endswith("person_keypoints_val2017.json are skipped: 2 without a box")


def test_people_are_read_alike_whatever_is_odd_beside_them(write_coco: Write) -> None:
    """One odd record makes the reader look at each alone; the others have the same numbers as without it."""
    plain = read_people(write_coco(), "val2017", check_images=False)
    odd = read(write_coco, joint(4, None, None, 0))
    for one, other in zip(plain.people[1:], odd.people[1:], strict=True):
        assert np.array_equal(one.keypoints, other.keypoints)
        assert (one.box_xywh_px, one.area_px2) == (other.box_xywh_px, other.area_px2)

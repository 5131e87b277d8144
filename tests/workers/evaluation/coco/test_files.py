from __future__ import annotations

import contextlib
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from workers.data.annotations.table import read_annotations
from workers.data.coco import read_people
from workers.data.people import People
from workers.data.skeleton import skeleton_from_names
from workers.errors import DataError
from workers.evaluation.coco.ap import CocoScorer
from workers.evaluation.coco.files import score_coco_files
from workers.evaluation.crops import ValidationCrops

Json = dict[str, Any]


@pytest.fixture
def files(people: People, tmp_path: Path) -> tuple[Path, Path]:
    """The ground truth, and results that are near it, two of them of nobody."""
    rng = np.random.default_rng(0)
    results: list[Json] = []
    for person in (*people.people, *people.people[:2]):
        joints = person.keypoints + rng.normal(0, 4, (17, 3)) + (200 if len(results) > 3 else 0)
        results.append({"image_id": person.image_id, "category_id": 1, "keypoints": joints.ravel().tolist(),
                        "score": float(rng.random())})  # fmt: skip
    path = tmp_path / "results.json"
    path.write_text(json.dumps(results))
    return people.annotation_path, path


def test_files_give_pycocotools_own_figures(files: tuple[Path, Path]) -> None:
    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO(str(files[0]))
        for number, record in enumerate(truth.dataset["annotations"], start=1):
            record["id"] = number  # COCOeval takes a match with annotation 0 for none
        truth.createIndex()
        run = COCOeval(truth, truth.loadRes(str(files[1])), "keypoints")
        run.evaluate()
        run.accumulate()
        run.summarize()
    figures = score_coco_files(*files).ap
    assert [getattr(figures, name) for name in figures.__slots__] == run.stats.tolist()
    assert 0.1 < figures.ap < 0.95


@pytest.mark.parametrize(
    ("edit", "says"),
    [
        (
            lambda results: results[1].update(image_id=99),
            "record 1 .*must be of an image that .* has, but is 99",
        ),
        (
            lambda results: results[1].update(keypoints=[1, 2, 3]),
            r"'keypoints' of record 1 .*must be 51 numbers, but is \[1, 2, 3\]",
        ),
        (lambda results: results[0].pop("score"), "record 0 .*has no 'score'"),
        (
            lambda results: results[0].update(score=float("nan")),
            "'score' of record 0 .*must be a finite number, but is nan",
        ),
        (lambda results: results.clear(), "has no person of category 1"),
    ],
)
def test_results_that_cannot_be_scored_are_refused_by_record(
    edit: Callable[[list[Json]], None], says: str, files: tuple[Path, Path]
) -> None:
    results = json.loads(files[1].read_text())
    edit(results)
    files[1].write_text(json.dumps(results))
    with pytest.raises(DataError, match=f"results.json.*{says}"):
        score_coco_files(*files)


@pytest.mark.parametrize(("text", "says"), [("{}", "must be a list of objects"), ("[1", "cannot read")])
def test_a_file_that_is_no_list_of_results_is_refused(text: str, says: str, files: tuple[Path, Path]) -> None:
    files[1].write_text(text)
    with pytest.raises(DataError, match=says):
        score_coco_files(*files)


NAMES = ("left_eye", "right_eye", "nose", "neck")
KINDS = {1: "cat", 2: "dog", 5: "ox"}


def animal(number: int, category_id: int) -> Json:
    rng = np.random.default_rng(number)
    joints = np.column_stack([rng.uniform(10, 90, (len(NAMES), 2)), np.full(len(NAMES), 2)])
    return {"id": number, "image_id": number % 3 + 1, "category_id": category_id, "bbox": [5, 5, 90, 90],
            "area": 8000, "iscrowd": 0, "num_keypoints": 4, "keypoints": joints.ravel().tolist()}  # fmt: skip


@pytest.fixture
def animals(tmp_path: Path) -> tuple[Path, Path]:
    """Ten animals of two kinds on three images, results near them, some of another kind; a third kind."""
    rng = np.random.default_rng(0)
    labelled = [animal(number, 1 + number % 2) for number in range(1, 11)]
    kinds = [{"id": number, "name": name, "keypoints": list(NAMES)} for number, name in KINDS.items()]
    images = [{"id": number} for number in (1, 2, 3)]
    (tmp_path / "truth.json").write_text(
        json.dumps({"images": images, "annotations": labelled, "categories": kinds})
    )
    found = []
    for each in labelled:
        moved = np.add(each["keypoints"], rng.normal(0, 3, 3 * len(NAMES))).tolist()
        kind = each["category_id"] if each["id"] < 8 else 1
        found.append({"image_id": each["image_id"], "category_id": kind, "keypoints": moved,
                      "score": float(rng.random())})  # fmt: skip
    (tmp_path / "found.json").write_text(json.dumps(found))
    return tmp_path / "truth.json", tmp_path / "found.json"


def plainly(files: tuple[Path, Path], sigmas: tuple[float, ...], category_id: int | None) -> list[float]:
    """COCO's ten figures of all categories or one, as its own example computes them."""
    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO(str(files[0]))
        run = COCOeval(truth, truth.loadRes(str(files[1])), "keypoints")
        run.params.kpt_oks_sigmas = np.array(sigmas)
        if category_id is not None:
            run.params.catIds = [category_id]
        run.evaluate()
        run.accumulate()
        run.summarize()
    stats: list[float] = run.stats.tolist()
    return stats


def test_every_category_has_its_figures_and_their_mean_is_pycocotools(animals: tuple[Path, Path]) -> None:
    score, sigmas = score_coco_files(*animals), skeleton_from_names(NAMES).oks_sigmas
    assert [getattr(score.ap, name) for name in score.ap.__slots__] == plainly(animals, sigmas, None)
    assert list(score.categories) == ["cat", "dog", "ox"]
    for number, name in KINDS.items():
        figures = score.categories[name]
        assert [getattr(figures, field) for field in figures.__slots__] == plainly(animals, sigmas, number)
    assert score.categories["ox"].ap == -1
    cat, dog = score.categories["cat"].ap, score.categories["dog"].ap
    assert score.ap.ap == pytest.approx((cat + dog) / 2)
    assert 0 < cat != dog > 0


def test_crops_of_several_categories_are_scored_as_their_annotations_say(animals: tuple[Path, Path]) -> None:
    truth = read_annotations(animals[0])
    scorer = CocoScorer.from_annotations([truth], truth.skeleton)
    crops = ValidationCrops(
        images=np.zeros((10, 1)), affines=np.zeros((10, 2, 3)), image_ids=truth.image_ids,
        annotation_ids=truth.ids, box_scores=np.ones(10),
    )  # fmt: skip
    assert scorer.score(crops, truth.keypoints[..., :2], np.full((10, 4), 0.9)).ap == pytest.approx(1)


def edited(path: Path, edit: Callable[[Any], object]) -> None:
    content = json.loads(path.read_text())
    edit(content)
    path.write_text(json.dumps(content))


def far_away(results: list[Json]) -> None:
    for record in results:
        record["keypoints"] = [5000.0, 5000.0, 1.0] * (len(record["keypoints"]) // 3)


@pytest.mark.parametrize("changes", [{"area": float("nan")}, {"area": 1e300}, {"area": 10**400}])
def test_poses_far_away_never_score_by_an_area_that_is_none(changes: Json, files: tuple[Path, Path]) -> None:
    edited(files[0], lambda content: content["annotations"][0].update(changes))
    edited(files[1], far_away)
    with pytest.raises(DataError, match=r"area.* of annotation 0 must be"):
        score_coco_files(*files)


def test_a_joint_that_lies_nowhere_and_is_not_labelled_changes_no_figure(files: tuple[Path, Path]) -> None:
    def unlabelled(x: float | None) -> Callable[[Json], None]:
        return lambda content: content["annotations"][0]["keypoints"].__setitem__(slice(0, 3), [x, x, 0])

    figures = []
    for x in (0.0, float("nan"), None):
        edited(files[0], unlabelled(x))
        figures.append(score_coco_files(*files).ap)
    assert figures[0] == figures[1] == figures[2]
    assert figures[0].ap > 0.1


def test_who_is_labelled_is_said_by_the_flags_and_a_differing_count_is_remarked(
    files: tuple[Path, Path],
) -> None:
    plain = score_coco_files(*files)
    assert plain.remarks == plain.warnings == ()

    def miscount(content: Json) -> None:
        for annotation in content["annotations"]:
            annotation["num_keypoints"] = 3 if annotation["num_keypoints"] == 0 else 0

    edited(files[0], miscount)
    score = score_coco_files(*files)
    assert score.ap == plain.ap
    (remark,) = score.remarks
    assert remark.endswith("6 people whose num_keypoints differs from their labelled joints, which count")


def test_areas_that_are_missing_are_those_of_the_boxes_in_training_and_scoring(
    files: tuple[Path, Path], people: People
) -> None:
    def write_areas(content: Json) -> None:
        for annotation in content["annotations"]:
            annotation["area"] = 0.53 * annotation["bbox"][2] * annotation["bbox"][3]

    edited(files[0], write_areas)
    written = score_coco_files(*files).ap
    edited(files[0], lambda content: [a.pop("area") for a in content["annotations"]])
    score = score_coco_files(*files)
    assert score.ap == written
    assert [remark.split(": ")[1] for remark in score.remarks] == [
        "4 areas that are missing, taken as 0.53 of the box"
    ]
    reread = read_people(files[0].parents[1], "val2017")
    assert [p.area_px2 for p in reread.people] == [
        0.53 * p.box_xywh_px[2] * p.box_xywh_px[3] for p in people.people
    ]  # fmt: skip


def test_results_of_an_id_that_two_images_have_are_nobodys(files: tuple[Path, Path]) -> None:
    def list_another(content: Json) -> None:
        content["images"].append(content["images"][0] | {"file_name": "other.png"})

    edited(files[0], list_another)
    score = score_coco_files(*files)
    assert len(score.remarks) == 2
    assert all("of an image id that two images have" in remark for remark in score.remarks)
    assert "of 4 people" in score.warnings[0]


def test_a_labelled_person_without_a_size_is_refused(files: tuple[Path, Path]) -> None:
    edited(files[0], lambda content: [content["annotations"][0].pop(key) for key in ("area", "bbox")])
    with pytest.raises(DataError, match="annotation 0 must have an area or a box of some size"):
        score_coco_files(*files)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"image_id": "seven"}, "'image_id' of record 1 .*must be a whole number, but is 'seven'"),
        ({"image_id": None}, "record 1 .*has no 'image_id'"),
        ({"category_id": None}, "record 1 .*has no 'category_id'"),
        ({"score": "high"}, "'score' of record 1 .*must be a finite number"),
        ({"score": 10**400}, "'score' of record 1 .*must be a finite number"),
        ({"score": True}, "'score' of record 1 .*must be a finite number"),
        ({"keypoints": [float("nan")] * 51}, "'keypoints' of record 1 .*must be 51 finite numbers"),
        ({"keypoints": [1e300] * 51}, "'keypoints' of record 1 .*must be 51 finite numbers"),
        ({"keypoints": None}, "record 1 .*has no 'keypoints'"),
        ({"keypoints": ["1"] * 51}, "'keypoints' of record 1 .*must be 51 numbers"),
    ],
)
def test_every_field_of_a_result_is_checked(changes: Json, says: str, files: tuple[Path, Path]) -> None:
    edited(files[1], lambda results: results[1].update(changes))
    with pytest.raises(DataError, match=rf"results\.json: {says}"):
        score_coco_files(*files)


def test_ids_of_results_may_be_text_and_other_categories_are_counted(files: tuple[Path, Path]) -> None:
    plain = score_coco_files(*files).ap

    def edit(results: list[Json]) -> None:
        for record in results:
            record["image_id"] = str(record["image_id"])
        results.append(results[0] | {"category_id": 44})

    edited(files[1], edit)
    score = score_coco_files(*files)
    assert score.ap == plain
    assert [remark.split("results.json: ")[1] for remark in score.remarks] == [
        "skipped: 1 of another category", "7 whole numbers that are written as text",
    ]  # fmt: skip

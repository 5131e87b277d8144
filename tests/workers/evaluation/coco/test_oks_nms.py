from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from workers.data.people import People
from workers.errors import DataError
from workers.evaluation.coco.ap import CocoScorer
from workers.evaluation.coco.detections import read_detected_people
from workers.evaluation.coco.oks_nms import crop_areas, oks_nms
from workers.evaluation.crops import ValidationCrops, prepare_crops

HW = (64, 48)


def test_suppression_by_hand() -> None:
    """One joint, sigma 0.5, areas 50 and 150, so 100: d px apart is OKS exp(-d^2 / 200); 0.9 is 4.6 px."""
    joints = np.array([[[0.0, 0]], [[4, 0]], [[5, 0]]])
    areas, sigmas = np.array([50.0, 150, 150]), np.array([0.5])
    assert oks_nms(joints, np.array([0.9, 0.8, 0.7]), areas, sigmas).tolist() == [0, 2]
    assert oks_nms(joints, np.array([0.7, 0.8, 0.9]), areas, sigmas).tolist() == [2, 0]
    assert oks_nms(joints, np.array([0.9, 0.8, 0.7]), areas, sigmas, threshold=0.95).tolist() == [0, 1]


def test_a_crops_area_is_that_of_the_padded_widened_box(people: People) -> None:
    """A box of 60x100 is padded to a height of 125, and widened to 3:4 of it, 93.75."""
    assert people.people[0].box_xywh_px[2:] == (60, 100)
    assert crop_areas(prepare_crops(people, HW).affines, HW)[0] == pytest.approx(125 * 93.75)


@pytest.fixture
def root(people: People) -> Path:
    return people.annotation_path.parents[1]


def detection(person: Any, score: float, **changes: Any) -> dict[str, Any]:
    box = list(person.box_xywh_px)
    return {"image_id": person.image_id, "category_id": 1, "bbox": box, "score": score} | changes


def test_boxes_of_people_on_listed_images_are_read_with_their_scores(people: People, root: Path) -> None:
    first, second, *_ = people.people
    path = root / "boxes.json"
    path.write_text(json.dumps([
        detection(first, 0.9), detection(first, 0.8, category_id=2), detection(first, 0.7, image_id=99),
        detection(first, 0.6, bbox=[1, 1, 0.5, 9]), detection(second, 0.5),
    ]))  # fmt: skip
    detected = read_detected_people(path, root, "val2017")
    assert detected.scores.tolist() == [0.9, 0.5]
    assert [person.box_xywh_px for person in detected.people.people] == [
        first.box_xywh_px, second.box_xywh_px
    ]  # fmt: skip
    assert detected.people.skipped == {
        "of another category": 1, "of an image that is not listed": 1, "box below one pixel": 1
    }  # fmt: skip
    assert set(detected.image_ids) == {7, 2, 4}


@pytest.mark.parametrize("content", ["[{]", "{}", '[{"image_id": 7}]', "[]"])
def test_what_is_no_file_of_detections_is_named(content: str, root: Path) -> None:
    (root / "boxes.json").write_text(content)
    with pytest.raises(DataError, match=r"boxes\.json"):
        read_detected_people(root / "boxes.json", root, "val2017")


def test_detected_people_are_rescored_and_duplicates_and_missed_images_count(
    people: People, root: Path
) -> None:
    """Three of four people, one twice: the duplicate goes, the fourth, alone on its image, is missed."""
    rows = [0, 0, 1, 2]
    rated = zip(rows, (0.9, 0.8, 0.7, 0.6), strict=True)
    boxes = [detection(people.people[row], score) for row, score in rated]
    (root / "boxes.json").write_text(json.dumps(boxes))
    detected = read_detected_people(root / "boxes.json", root, "val2017")
    crops = prepare_crops(detected.people, HW, detected.scores)
    crops = replace(crops, areas_px2=crop_areas(crops.affines, HW))
    joints = np.stack([people.people[row].keypoints[:, :2] for row in rows]).astype(float)
    joints[1] += 0.5  # nearly the first

    def ap_of(scorer: CocoScorer, crops: ValidationCrops) -> tuple[float, float]:
        found = scorer.score(crops, joints, np.full((4, 17), 0.5))
        return found.ap, found.ar

    scorer = CocoScorer.from_detected(detected)
    assert scorer.undetected_images == (4,)
    assert ap_of(scorer, crops) == pytest.approx((76 / 101, 0.75))  # recall 3/4 covers 76 of 101 points
    with_duplicate = replace(scorer, detected=False)
    assert ap_of(with_duplicate, crops)[0] < 0.7

"""COCO AP against OKS worked by hand and pycocotools run plainly on the file."""

from __future__ import annotations

import json
import pickle
from dataclasses import astuple
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval, Params

from tests.workers.data.checked import checked
from workers.data.coco import read_people
from workers.data.people import People
from workers.data.skeleton import COCO17, Skeleton
from workers.errors import DataError
from workers.evaluation.coco.ap import CocoScorer, KeypointAP, pose_scores
from workers.evaluation.crops import ValidationCrops, prepare_crops

SIGMAS = np.array(COCO17.oks_sigmas)


@pytest.fixture
def crops(people: People) -> ValidationCrops:
    return prepare_crops(people, (64, 48))


@pytest.fixture
def joints(people: People) -> np.ndarray:
    return np.stack([person.keypoints[:, :2] for person in people.people]).astype(float)


def chosen(crops: ValidationCrops, rows: slice) -> ValidationCrops:
    return ValidationCrops(
        images=crops.images[rows],
        affines=crops.affines[rows],
        image_ids=crops.image_ids[rows],
        annotation_ids=crops.annotation_ids[rows],
        box_scores=crops.box_scores[rows],
    )


def run_pycocotools(path: Path, crops: ValidationCrops, joints: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """COCO's ten figures as its own example computes them from files, over the images with crops."""
    truth = COCO(str(path))
    flat = np.concatenate([joints, scores[..., None]], axis=-1).reshape(len(joints), -1)
    poses = zip(crops.image_ids, pose_scores(scores, crops.box_scores), flat, strict=True)
    results = [
        {"image_id": int(image_id), "category_id": 1, "score": float(score), "keypoints": row.tolist()}
        for image_id, score, row in poses
    ]
    plain = COCOeval(truth, truth.loadRes(results), "keypoints")
    plain.params.imgIds = sorted(set(crops.image_ids.tolist()))
    plain.evaluate()
    plain.accumulate()
    plain.summarize()
    stats: np.ndarray = plain.stats
    return stats


def certain(joints: np.ndarray) -> np.ndarray:
    return np.full(joints.shape[:2], 0.9)


def shifted_to_oks(joints: np.ndarray, people: People, oks: float) -> np.ndarray:
    """Each joint moved right by d with exp(-d^2 / (2 area (2 sigma)^2)) = oks, the COCO definition."""
    areas = np.array([person.area_px2 for person in people.people])[:, None]
    moved = joints.copy()
    moved[..., 0] += np.sqrt(-2 * areas * (2 * SIGMAS) ** 2 * np.log(oks))
    return moved


def test_the_sigmas_are_those_of_pycocotools() -> None:
    np.testing.assert_allclose(SIGMAS, Params("keypoints").kpt_oks_sigmas, rtol=1e-15)


def test_perfect_predictions_give_ap_1(people: People, crops: ValidationCrops, joints: np.ndarray) -> None:
    ap = CocoScorer.from_people(people).score(crops, joints, certain(joints))
    nobody_is_large = -1
    expected = (1, 1, 1, 1, nobody_is_large, 1, 1, 1, 1, nobody_is_large)
    assert astuple(ap) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("oks", "passed"), [(0.97, 10), (0.83, 7), (0.76, 6), (0.74, 5), (0.52, 1), (0.48, 0)]
)
def test_equal_oks_for_all_passes_the_thresholds_below_it(
    people: People, crops: ValidationCrops, joints: np.ndarray, oks: float, passed: int
) -> None:
    """Thresholds 0.50, 0.55 ... 0.95: AP is the share of them that the OKS reaches."""
    ap = CocoScorer.from_people(people).score(crops, shifted_to_oks(joints, people, oks), certain(joints))
    assert ap.ap == pytest.approx(passed / 10)
    assert ap.ar == pytest.approx(passed / 10)
    assert (ap.ap50, ap.ap75) == pytest.approx((float(oks >= 0.5), float(oks >= 0.75)))


def test_only_labelled_joints_count() -> None:
    """One of two joints is labelled: 3 px off, OKS is exp(-9 / (2 * 100 * 0.04)) = exp(-1.125) = 0.325."""
    skeleton = Skeleton(names=("a", "b"), flip_pairs=(), oks_sigmas=(0.1, 0.1), links=())
    record = {
        "id": 1,
        "image_id": 1,
        "category_id": 1,
        "iscrowd": 0,
        "area": 100,
        "bbox": [0, 0, 10, 10],
        "num_keypoints": 1,
        "keypoints": [5, 5, 2, 0, 0, 0],
    }
    scorer = CocoScorer.from_annotations([checked([record], skeleton)], skeleton)
    crops = ValidationCrops(
        images=np.zeros((1, 4, 4, 3), np.uint8),
        affines=np.zeros((1, 2, 3)),
        image_ids=np.array([1]),
        annotation_ids=np.array([1]),
        box_scores=np.ones(1),
    )
    far = np.array([[[5.0, 5], [900, 900]]])
    assert scorer.score(crops, far, np.ones((1, 2))).ap == pytest.approx(1)
    assert scorer.score(crops, far + np.array([3, 0]), np.ones((1, 2))).ap50 == 0
    assert np.exp(-9 / (2 * 100 * (2 * 0.1) ** 2)) == pytest.approx(0.325, abs=1e-3)
    nearer = np.array([[[5 + 2.0, 5], [0, 0]]])  # exp(-4 / 8) = 0.607: three thresholds
    assert scorer.score(crops, nearer, np.ones((1, 2))).ap == pytest.approx(0.3)


def test_a_confident_mistake_costs_more_than_a_doubtful_one(
    people: People, crops: ValidationCrops, joints: np.ndarray
) -> None:
    """One of two is far off: recall 1/2 covers 51 of the 101 points, at precision 1, or 1/2 behind it."""
    two = chosen(crops, slice(2))
    wrong = joints[:2].copy()
    wrong[1] += 1000
    doubtful, confident = np.repeat([[0.9], [0.3]], 17, axis=1), np.repeat([[0.3], [0.9]], 17, axis=1)
    assert CocoScorer.from_people(people).score(two, wrong, doubtful).ap == pytest.approx(51 / 101)
    assert CocoScorer.from_people(people).score(two, wrong, confident).ap == pytest.approx(51 / 101 / 2)


def test_only_images_with_crops_are_scored(
    people: People, crops: ValidationCrops, joints: np.ndarray
) -> None:
    """The third person is alone on its image; of the first image's two people the missing one is a miss."""
    third, first = slice(2, 3), slice(0, 1)
    ap = CocoScorer.from_people(people).score(chosen(crops, third), joints[third], certain(joints[third]))
    assert ap.ar == pytest.approx(1)
    ap = CocoScorer.from_people(people).score(chosen(crops, first), joints[first], certain(joints[first]))
    assert ap.ar == pytest.approx(0.5)


def test_figures_equal_pycocotools_on_the_annotation_file_itself(
    people: People, crops: ValidationCrops, joints: np.ndarray, tmp_path: Path
) -> None:
    """Crowds and unlabelled people included. COCOeval cannot match annotation 0: the plain run adds 1."""
    rng = np.random.default_rng(1)
    noisy = joints + rng.normal(0, 4, joints.shape)
    scores = rng.random(joints.shape[:2])
    content = json.loads(people.annotation_path.read_text())
    for annotation in content["annotations"]:
        annotation["id"] += 1
    (tmp_path / "plain.json").write_text(json.dumps(content))
    ap = CocoScorer.from_people(people).score(crops, noisy, scores)
    assert 0.1 < ap.ap < 0.9
    np.testing.assert_allclose(astuple(ap), run_pycocotools(tmp_path / "plain.json", crops, noisy, scores))


def test_real_people_score_as_pycocotools_scores_the_file(shared: Path) -> None:
    people = read_people(shared / "data/coco_mini", "val2017")
    crops = prepare_crops(people, (64, 48))
    rng = np.random.default_rng(0)
    joints = np.stack([person.keypoints[:, :2] for person in people.people]).astype(float)
    noisy, scores = joints + rng.normal(0, 3, joints.shape), rng.random(joints.shape[:2])
    ap = CocoScorer.from_people(people).score(crops, noisy, scores)
    assert 0.1 < ap.ap < 0.9
    np.testing.assert_allclose(astuple(ap), run_pycocotools(people.annotation_path, crops, noisy, scores))


@pytest.mark.parametrize(
    ("at", "poses", "expected"),
    [
        pytest.param((110, 40), 1, 1.0, id="one pose on the unlabelled person is ignored"),
        pytest.param((110, 100), 3, 1.0, id="any number of poses on the crowd is ignored"),
        pytest.param((5000, 5000), 1, 0.8, id="a pose where nobody is comes first and costs precision"),
    ],
)
def test_poses_beside_the_labelled_people(
    people: People,
    crops: ValidationCrops,
    joints: np.ndarray,
    at: tuple[int, int],
    poses: int,
    expected: float,
) -> None:
    """They rank first; on image 4 lie an unlabelled person and a crowd, their boxes doubled by COCOeval."""
    rows = [0, 1, 2, 3] + poses * [3]
    more = ValidationCrops(
        images=crops.images[rows],
        affines=crops.affines[rows],
        image_ids=crops.image_ids[rows],
        annotation_ids=crops.annotation_ids[rows],
        box_scores=np.array([1.0] * 4 + [2.0] * poses),
    )
    all_joints = np.concatenate([joints, np.full((poses, 17, 2), at)])
    assert CocoScorer.from_people(people).score(more, all_joints, certain(all_joints)).ap == pytest.approx(
        expected
    )


def test_a_scorer_is_used_again_without_the_file_and_without_memory(
    people: People, crops: ValidationCrops, joints: np.ndarray
) -> None:
    scorer = CocoScorer.from_people(people)
    people.annotation_path.unlink()
    shipped = pickle.loads(pickle.dumps(scorer))
    worse = shifted_to_oks(joints, people, 0.72)
    first = shipped.score(crops, joints, certain(joints))
    assert shipped.score(crops, worse, certain(joints)).ap == pytest.approx(0.5)
    assert shipped.score(crops, joints, certain(joints)) == first
    assert scorer.score(crops, joints, certain(joints)) == first


def test_records_may_lack_counts_and_crowds_their_joints(
    records: list[dict[str, Any]], crops: ValidationCrops
) -> None:
    for record in records:
        del record["num_keypoints"], record["keypoints" if record["iscrowd"] else "iscrowd"]
    joints = np.stack([np.reshape(record["keypoints"], (17, 3))[:, :2] for record in records[:4]])
    scorer = CocoScorer.from_annotations([checked(records, COCO17)], COCO17)
    assert scorer.score(crops, joints, certain(joints)).ap == pytest.approx(1)


def test_the_pose_score_is_the_box_score_times_the_mean_of_joints_above_a_fifth() -> None:
    joint_scores = np.array([[0.9, 0.5, 0.2, 0.1], [0.1, 0.2, 0.0, -1.0]])
    np.testing.assert_allclose(pose_scores(joint_scores, np.array([0.5, 1.0])), [0.35, 0.0])


def test_nothing_is_printed(
    people: People, crops: ValidationCrops, joints: np.ndarray, capsys: pytest.CaptureFixture[str]
) -> None:
    CocoScorer.from_people(people).score(crops, joints, certain(joints))
    assert capsys.readouterr() == ("", "")


def test_predictions_that_are_not_finite_are_refused(
    people: People, crops: ValidationCrops, joints: np.ndarray
) -> None:
    joints[2, 3, 0] = np.nan
    with pytest.raises(ValueError, match="must be finite; COCOeval counts NaN as a match"):
        CocoScorer.from_people(people).score(crops, joints, certain(joints))


def test_predictions_of_another_shape_are_refused(
    people: People, crops: ValidationCrops, joints: np.ndarray
) -> None:
    with pytest.raises(ValueError, match=r"must be \(4, 17, 2\).* got \(3, 17, 2\)"):
        CocoScorer.from_people(people).score(crops, joints[:3], certain(joints))


def test_a_missing_or_changed_annotation_file_is_named(people: People) -> None:
    content = json.loads(people.annotation_path.read_text())
    content["annotations"][0]["id"] = 99
    people.annotation_path.write_text(json.dumps(content))
    with pytest.raises(DataError, match=r"person_keypoints_val2017\.json no longer holds the people"):
        CocoScorer.from_people(people)
    people.annotation_path.unlink()
    with pytest.raises(DataError, match=r"cannot read .*person_keypoints_val2017\.json"):
        CocoScorer.from_people(people)


def test_figures_have_the_order_of_cocoeval() -> None:
    assert list(KeypointAP.__dataclass_fields__) == [
        "ap",
        "ap50",
        "ap75",
        "ap_medium",
        "ap_large",
        "ar",
        "ar50",
        "ar75",
        "ar_medium",
        "ar_large",
    ]

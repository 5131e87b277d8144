from __future__ import annotations

import json
import pickle
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.workers.data.posetrack_folder import video, write
from workers.data.annotations.opening import load_json
from workers.data.people import People
from workers.data.posetrack import read_posetrack
from workers.errors import DataError
from workers.evaluation.posetrack.files import score_folders
from workers.evaluation.posetrack.results import TrackedPose, results_file
from workers.evaluation.posetrack.scorer import PoseTrackScorer


def noisy(people: People, noise_px: float) -> tuple[np.ndarray, np.ndarray]:
    """Labelled joints moved about, and random scores, of which many are equal."""
    rng = np.random.default_rng(0)
    joints = np.stack([person.keypoints[:, :2] for person in people.people])
    scores = rng.integers(0, 9, joints.shape[:2]).astype(np.float32) / 8
    return (joints + rng.normal(0, noise_px, joints.shape)).astype(np.float32), scores


def write_people_results(
    folder: Path, people: People, keypoints: np.ndarray, scores: np.ndarray,
    track_ids: Sequence[int] | None = None,
) -> None:  # fmt: skip
    """One file for each sequence of the people's split, with a pose (N, K, 2) px, scores (N, K) per person.

    Without `track_ids` a person's track is their place in the split, for the AP does not ask who is who.
    """
    tracks = range(len(people)) if track_ids is None else track_ids
    poses: dict[str, list[TrackedPose]] = defaultdict(list)
    for person, track_id, points, points_scores in zip(people.people, tracks, keypoints, scores, strict=True):
        poses[person.image_path].append(TrackedPose(person.image_id, int(track_id), points, points_scores))
    root = people.annotation_path.parent.parent.resolve()
    for path in sorted(people.annotation_path.glob("*.json")):
        images = load_json(path)["images"]
        with results_file(folder / path.name, people.skeleton) as results:
            for image in images:
                results.add_image(image)
                for pose in poses[str(root / image["file_name"])]:
                    results.add_pose(pose)


@pytest.mark.parametrize("split", ["train", "val"])
def test_memory_and_files_give_the_same_figures(split: str, synthetic_root: Path, tmp_path: Path) -> None:
    root = synthetic_root / "posetrack18"
    people = read_posetrack(root, split)
    shuffled = np.random.default_rng(1).permutation(len(people))
    people = replace(people, people=tuple(people.people[row] for row in shuffled))
    keypoints, scores = noisy(people, 6.0)
    write_people_results(tmp_path, people, keypoints, scores)
    from_files = score_folders(root / "annotations" / split, tmp_path).ap
    in_memory = PoseTrackScorer.from_people(people).score(keypoints, scores)
    for name in ("ap", "precision", "recall"):
        assert np.array_equal(getattr(in_memory, name), getattr(from_files, name), equal_nan=True)
    assert 0.05 < in_memory.total < 0.95


def test_real_frames_with_ignored_regions_give_the_same_figures(shared: Path, tmp_path: Path) -> None:
    root = shared / "data" / "posetrack18_mini"
    people = read_posetrack(root, "val")
    keypoints, scores = noisy(people, 12.0)
    write_people_results(tmp_path, people, keypoints, scores)
    from_files = score_folders(root / "annotations" / "val", tmp_path).ap
    assert np.array_equal(PoseTrackScorer.from_people(people).score(keypoints, scores).ap, from_files.ap)


def test_who_is_not_predicted_is_missed_unless_the_given_people_are_asked_for_alone(tmp_path: Path) -> None:
    people = read_posetrack(write(tmp_path, video({0: (0, 1), 1: (0,)})), "val", check_images=False)
    first = replace(people, people=people.people[:1])
    keypoints, scores = noisy(first, 0.0)
    assert PoseTrackScorer.from_people(first).score(keypoints, scores).total == pytest.approx(1 / 3)
    assert PoseTrackScorer.from_people(first, alone=True).score(keypoints, scores).total == 1.0


def test_a_scorer_travels_to_workers(tmp_path: Path) -> None:
    people = read_posetrack(write(tmp_path, video({0: (0, 1)})), "val", check_images=False)
    scorer = PoseTrackScorer.from_people(people)
    keypoints, scores = noisy(people, 10.0)
    there = pickle.loads(pickle.dumps(scorer)).score(keypoints, scores)
    assert np.array_equal(there.ap, scorer.score(keypoints, scores).ap)


def test_arrays_of_other_people_and_numbers_that_are_none_are_refused(tmp_path: Path) -> None:
    people = read_posetrack(write(tmp_path, video({0: (0, 1)})), "val", check_images=False)
    scorer = PoseTrackScorer.from_people(people)
    keypoints, scores = noisy(people, 0.0)
    with pytest.raises(ValueError, match=r"keypoints must be \(2, 17, 2\) and scores \(2, 17\), got \(1, "):
        scorer.score(keypoints[:1], scores)
    keypoints[0, 0] = np.nan
    with pytest.raises(ValueError, match="must be finite"):
        scorer.score(keypoints, scores)


def test_files_that_have_changed_are_refused(tmp_path: Path) -> None:
    people = read_posetrack(write(tmp_path, video({0: (0,), 1: (0,)})), "val", check_images=False)
    write(tmp_path, video({0: (0,)}))
    with pytest.raises(DataError, match=r"no longer holds the people .*nobody is in .*000001\.jpg"):
        PoseTrackScorer.from_people(people)


def test_written_predictions_are_read_back_as_they_were(tmp_path: Path) -> None:
    people = read_posetrack(write(tmp_path, video({0: (0, 1), 5: (), 6: (1,)})), "val", check_images=False)
    keypoints, scores = noisy(people, 3.0)
    keypoints[0, 0] = 0.0  # a corner is a place like any other
    write_people_results(tmp_path / "pred", people, keypoints, scores, track_ids=[4, 5, 5])
    written = json.loads((tmp_path / "pred" / "000001_test.json").read_text())
    assert [image["id"] for image in written["images"]] == [1000, 1005, 1006]
    assert [(pose["image_id"], pose["track_id"]) for pose in written["annotations"]] == [
        (1000, 4), (1000, 5), (1006, 5),
    ]  # fmt: skip
    read = np.array([pose["keypoints"] for pose in written["annotations"]]).reshape(3, 17, 3)
    assert np.array_equal(read[..., :2], keypoints)
    assert (read[..., 2] == 1).all()
    assert np.array_equal([pose["scores"] for pose in written["annotations"]], scores)

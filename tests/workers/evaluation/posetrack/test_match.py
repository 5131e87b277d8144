from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from workers.evaluation.posetrack.ap import JOINTS, Judged
from workers.evaluation.posetrack.match import GroundTruth, Predictions, match
from workers.evaluation.posetrack.polygons import Polygons

ANKLE, KNEE, HIP = 0, 1, 2
Points = dict[int, tuple[float, float]]  # joint -> where it is; the other joints are missing
HEAD_PX = 30.0  # so a joint is right within 15 px


def arrays(people: Sequence[Points]) -> tuple[np.ndarray, np.ndarray]:
    points, present = np.zeros((len(people), len(JOINTS), 2)), np.zeros((len(people), len(JOINTS)), bool)
    for row, person in enumerate(people):
        for joint, where in person.items():
            points[row, joint], present[row, joint] = where, True
    return points, present


def judge(
    labelled: Sequence[Points], predicted: Sequence[Points], scores: Sequence[float] | None = None,
    frames: tuple[Sequence[int], Sequence[int]] | None = None, ignored: Sequence[np.ndarray] = (),
) -> Judged:  # fmt: skip
    """Matches people of frame 0, or of the frames given for labelled and predicted people."""
    of_truth, of_predicted = frames or ([0] * len(labelled), [0] * len(predicted))
    truth = GroundTruth(
        np.array(of_truth), *arrays(labelled), np.full(len(labelled), HEAD_PX),
        Polygons.of_frames([ignored]),
    )  # fmt: skip
    ranks = np.repeat(np.array(scores or [0.5] * len(predicted))[:, None], len(JOINTS), axis=1)
    return match(truth, Predictions(np.array(of_predicted, int), *arrays(predicted), ranks))


def right(judged: Judged, joint: int) -> list[bool]:
    """Of the predictions of a joint, in their order."""
    return judged.correct[judged.joints == joint].tolist()


@pytest.mark.parametrize(("away", "found"), [(0.0, True), (15.0, True), (15.001, False)])
def test_a_joint_is_right_up_to_half_a_head_away(away: float, found: bool) -> None:
    judged = judge([{ANKLE: (100, 100)}], [{ANKLE: (100 + away, 100)}])
    assert right(judged, ANKLE) == [found]
    assert judged.to_find[ANKLE] == 1


def test_of_two_predictions_of_a_person_the_better_one_counts_whatever_their_scores() -> None:
    person: Points = {ANKLE: (100, 100), KNEE: (100, 60)}
    half: Points = {ANKLE: (100, 100), KNEE: (200, 60)}
    judged = judge([person], [half, person], scores=[0.9, 0.1])
    assert right(judged, ANKLE) == [False, True]
    assert right(judged, KNEE) == [False, True]


def test_of_two_equal_predictions_the_first_counts() -> None:
    assert right(judge([{ANKLE: (100, 100)}], [{ANKLE: (101, 100)}, {ANKLE: (100, 100)}]), ANKLE) == [
        True, False,
    ]  # fmt: skip


def test_a_prediction_takes_only_the_person_whom_it_fits_best() -> None:
    # It matches both joints of the second person but one of the first, whom nobody else finds.
    first: Points = {ANKLE: (100, 100), KNEE: (300, 60)}
    second: Points = {ANKLE: (105, 100), KNEE: (105, 60)}
    judged = judge([first, second], [second])
    assert right(judged, ANKLE) == right(judged, KNEE) == [True]
    assert judged.to_find[[ANKLE, KNEE]].tolist() == [2, 2]


def test_fit_is_the_share_of_the_labelled_joints() -> None:
    # One of one joint is more than two of three.
    short: Points = {ANKLE: (100, 100)}
    long: Points = {ANKLE: (110, 100), KNEE: (100, 60), HIP: (300, 20)}
    judged = judge([long, short], [{ANKLE: (105, 100), KNEE: (100, 60), HIP: (100, 20)}])
    assert right(judged, ANKLE) == [True]
    assert right(judged, KNEE) == [False]  # the short person, who has no knee, was taken


def test_joints_that_the_person_lacks_or_nobody_took_are_wrong() -> None:
    judged = judge([{ANKLE: (100, 100)}], [{ANKLE: (100, 100), KNEE: (100, 60)}, {ANKLE: (300, 100)}])
    assert right(judged, ANKLE) == [True, False]
    assert right(judged, KNEE) == [False]
    assert judged.to_find[KNEE] == 0


def test_people_of_other_frames_are_not_matched_and_frames_without_people_do_not_count() -> None:
    same: Points = {ANKLE: (100, 100)}
    judged = judge([same, same], [same, same, same], frames=([0, 1], [-1, 1, 1]))
    assert right(judged, ANKLE) == [True, False]
    assert judged.to_find[ANKLE] == 2


def test_predictions_in_an_ignored_region_do_not_count() -> None:
    square = np.array([(90, 90), (110, 90), (110, 110), (90, 110)], float)
    predicted: list[Points] = [{ANKLE: (100, 100), KNEE: (100, 60)}]
    judged = judge([{KNEE: (100, 60)}], predicted, ignored=[square])
    assert right(judged, ANKLE) == []
    assert right(judged, KNEE) == [True]


def test_all_frames_at_once_give_what_each_gives_alone() -> None:
    rng = np.random.default_rng(0)

    def people(count: int) -> list[Points]:
        return [{joint: tuple(rng.uniform(0, 60, 2)) for joint in rng.choice(15, 9, replace=False).tolist()}
                for _ in range(count)]  # fmt: skip

    frames = [(people(int(rng.integers(1, 5))), people(int(rng.integers(0, 5)))) for _ in range(20)]
    counts = np.array([[len(part) for part in frame] for frame in frames])
    together = judge(
        [person for labelled, _ in frames for person in labelled],
        [person for _, predicted in frames for person in predicted],
        frames=(np.repeat(range(20), counts[:, 0]).tolist(), np.repeat(range(20), counts[:, 1]).tolist()),
    )
    alone = [judge(labelled, predicted) for labelled, predicted in frames]
    assert together.correct.tolist() == np.concatenate([part.correct for part in alone]).tolist()
    assert 0 < together.correct.sum() < len(together.correct)
    assert together.to_find.tolist() == np.sum([part.to_find for part in alone], axis=0).tolist()

from __future__ import annotations

import itertools
import json
from pathlib import Path

import numpy as np
import pytest

from workers.evaluation.posetrack.ap import JOINTS, Judged, PoseTrackState
from workers.evaluation.posetrack.files import ground_truth, predictions, read_truth, score_folders
from workers.evaluation.posetrack.match import match

NOSE = JOINTS.index("nose")


def judged(scores: list[float], correct: list[int], to_find: int, joint: int = NOSE) -> Judged:
    count = np.zeros(len(JOINTS), np.int64)
    count[joint] = to_find
    return Judged(np.full(len(scores), joint), np.array(scores, float), np.array(correct, bool), count)


def test_each_joint_found_adds_the_best_precision_from_there_on() -> None:
    # By rank: right, wrong, right, right; precisions 1, 1/2, 2/3, 3/4; one of 4 joints is not found.
    state = PoseTrackState({"a": judged([0.7, 0.9, 0.6, 0.8], [1, 1, 1, 0], to_find=4)})
    figures = state.compute()
    assert figures.ap[NOSE] == pytest.approx((1 + 0.75 + 0.75) / 4)
    assert figures.precision[NOSE] == pytest.approx(0.75)
    assert figures.recall[NOSE] == pytest.approx(0.75)


def test_a_joint_without_labels_has_no_ap_and_one_without_predictions_has_zero() -> None:
    figures = PoseTrackState({"a": judged([0.5], [0], to_find=0)}).compute()
    assert np.isnan(figures.ap[NOSE])
    assert (figures.precision[NOSE], np.isnan(figures.recall[NOSE])) == (0.0, True)
    assert figures.ap[0] == 0.0
    assert np.isnan(figures.table["Head"])
    assert figures.total == 0.0


def test_the_total_is_the_mean_of_fifteen_joints_and_head_that_of_three() -> None:
    parts = {name: judged([0.5], [1], 1, joint) for joint, name in enumerate(JOINTS) if name != "head_top"}
    table = PoseTrackState(parts).compute().table
    assert list(table) == ["Head", "Shoulder", "Elbow", "Wrist", "Hip", "Knee", "Ankle", "Total"]
    assert table["Head"] == pytest.approx(2 / 3)
    assert table["Ankle"] == 1.0
    assert table["Total"] == pytest.approx(14 / 15)


def test_merging_in_any_order_and_grouping_gives_the_same_bits_even_with_equal_scores() -> None:
    rng = np.random.default_rng(0)
    states = [
        PoseTrackState({name: judged(rng.integers(0, 5, 60).tolist(), rng.integers(0, 2, 60).tolist(), 70)})
        for name in "abcd"
    ]
    whole = PoseTrackState.merge(states).compute().ap
    for order in itertools.permutations(states):
        halves = PoseTrackState.merge(order[:2]), PoseTrackState.merge(order[2:])
        assert np.array_equal(PoseTrackState.merge([PoseTrackState.empty(), *halves]).compute().ap, whole)


def test_nothing_merged_has_nothing_found() -> None:
    assert PoseTrackState.empty().compute().total == 0.0


def test_a_sequence_is_not_counted_twice() -> None:
    state = PoseTrackState({"a": judged([0.5], [1], 1)})
    with pytest.raises(ValueError, match="'a' is in two"):
        PoseTrackState.merge([state, state])


@pytest.mark.parametrize("case", ["bonn41_noise0.3", "mmpose3_noise0.25"])
def test_the_official_figures_come_out(case: str, shared: Path) -> None:
    folder = shared / "golden" / "poseval" / case
    expected = json.loads((folder / "expected.json").read_text())
    figures = score_folders(folder / "gt", folder / "pred").ap
    for name in ("ap", "precision", "recall"):
        values = 100 * getattr(figures, name)
        assert np.allclose(values, expected[name][:-1], rtol=0, atol=1e-6, equal_nan=True), name
        assert np.nanmean(values) == pytest.approx(expected[name][-1], abs=1e-6)
    columns = 100 * np.array(list(figures.table.values()))
    assert np.allclose(columns, list(expected["cum"].values()), rtol=0, atol=1e-6, equal_nan=True)


def test_sequences_judged_apart_and_merged_backwards_give_the_official_figure(shared: Path) -> None:
    folder = shared / "golden" / "poseval" / "mmpose3_noise0.25"
    states = []
    for path in sorted((folder / "gt").iterdir(), reverse=True):
        truth, frame_of = ground_truth(read_truth(path))
        judged_here = match(truth, predictions(folder / "pred" / path.name, frame_of))
        states.append(PoseTrackState({path.name: judged_here}))
    expected = json.loads((folder / "expected.json").read_text())["ap"][-1]
    assert 100 * PoseTrackState.merge(states).compute().total == pytest.approx(expected, abs=1e-6)

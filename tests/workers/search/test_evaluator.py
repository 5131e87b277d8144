from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from spaces.initialise import initialise
from spaces.registry import build_space
from workers.data.coco import read_people
from workers.data.codec import Codec
from workers.evaluation.coco.ap import CocoScorer
from workers.evaluation.crops import prepare_crops
from workers.search.candidates import attempt
from workers.search.evaluator import SearchInputs, SubnetEvaluator, measure_untrained

INPUT_HW = (64, 32)
SPACE = build_space("mobilenetv3-small", 17, INPUT_HW)


@pytest.fixture(scope="module")
def inputs(synthetic_root: Path) -> SearchInputs:
    people = read_people(synthetic_root, "val2017")
    crops = prepare_crops(people, INPUT_HW)
    supernet = initialise(SPACE.supernet(), seed=1, sigma=0.2)
    lenient = replace(people.skeleton, oks_sigmas=tuple(12 * s for s in people.skeleton.oks_sigmas))
    scorer = CocoScorer.from_people(replace(people, skeleton=lenient))  # so that wild guesses score at all
    return SearchInputs(
        space=SPACE.name, keypoints=17, input_hw=INPUT_HW,
        weights={name: tensor.numpy() for name, tensor in supernet.state_dict().items()},
        recalibration_images=crops.images, crops=crops, scorer=scorer,
        codec=Codec(INPUT_HW, 1.5), batch_size=4, flip_test=False,
    )  # fmt: skip


def scores(measured: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in measured.items() if not name.endswith("_s")}


def test_an_architecture_scores_alike_whatever_was_scored_before(inputs: SearchInputs) -> None:
    architecture = SPACE.sample(np.random.default_rng(0))
    first = SubnetEvaluator(inputs).measure(architecture.to_json())
    evaluator = SubnetEvaluator(inputs)
    evaluator.measure(SPACE.biggest().to_json())
    assert 0 < first["ap"] < 1
    assert scores(evaluator.measure(architecture.to_json())) == scores(first)
    assert scores(evaluator.measure(SPACE.smallest().to_json())) != scores(first)


def test_an_architecture_that_breaks_is_a_failed_result_with_its_reason(inputs: SearchInputs) -> None:
    other = build_space("mobilenetv3").smallest()
    measured = attempt(SubnetEvaluator(inputs), other.to_json())
    assert measured["status"] == "failed"
    assert "mobilenetv3-small" in str(measured["error"])
    assert measured["total_s"] >= 0


def test_broken_data_is_no_architectures_fault(inputs: SearchInputs) -> None:
    nothing = replace(inputs, recalibration_images=inputs.recalibration_images[:0])
    measured = attempt(SubnetEvaluator(nothing), SPACE.smallest().to_json())
    assert measured["status"] == "data_error"


def test_the_untrained_network_has_fresh_weights_of_its_seed(inputs: SearchInputs) -> None:
    first, same, other = (
        measure_untrained(inputs, SPACE.smallest(), seed=seed, sigma=0.2) for seed in (0, 0, 3)
    )
    assert scores(first) == scores(same) != scores(other)
    trained = SubnetEvaluator(inputs).measure(SPACE.smallest().to_json())
    assert scores(first) != scores(trained)


def test_the_supernets_weights_are_the_inputs_own_memory(inputs: SearchInputs) -> None:
    """Read-only, as Ray maps them, they are enough; nothing writes to them."""
    for array in inputs.weights.values():
        array.flags.writeable = False
    evaluator = SubnetEvaluator(inputs)
    for name, tensor in evaluator.supernet.state_dict().items():
        assert tensor.data_ptr() == inputs.weights[name].ctypes.data
    assert 0 < evaluator.measure(SPACE.smallest().to_json())["ap"] < 1


def test_a_first_rung_stops_who_falls_behind_and_changes_nothing_for_others(inputs: SearchInputs) -> None:
    text = SPACE.sample(np.random.default_rng(0)).to_json()
    whole = SubnetEvaluator(inputs).measure(text)
    evaluator = SubnetEvaluator(replace(inputs, first_rung_people=2))
    passed, stopped = evaluator.measure(text, threshold=0.0), evaluator.measure(text, threshold=1.1)
    assert (passed["ap"], passed["people"]) == (pytest.approx(whole["ap"]), len(inputs.crops))
    assert stopped["status"] == "stopped"
    assert stopped["people"] == 2
    assert stopped["first_look_ap"] == passed["first_look_ap"]
    assert "ap" not in stopped

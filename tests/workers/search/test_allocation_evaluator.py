from __future__ import annotations

import json
import pickle
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from spaces.errors import ArchitectureError
from spaces.temporal.allocation import Allocation
from spaces.temporal.extract import extract_frame
from tests.spaces.temporal.examples import with_frame
from tests.workers.search.some_clips import allocation_inputs, some_evaluation_clips
from workers.data.normalise import to_input
from workers.data.synthetic.config import SyntheticConfig
from workers.data.synthetic.dataset import write_synthetic_dataset
from workers.errors import DataError
from workers.evaluation.recalibrate import statistics_of_inputs
from workers.search.allocation_evaluator import AllocationEvaluator, AllocationInputs

INPUT_HW = (64, 32)
SCORES = ("ap", "ap_all", "frame_aps")


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Clips of 5 frames and two people, two sequences to score on."""
    config = SyntheticConfig(clips=4, frames_per_clip=5, people_per_clip=2, validation_fraction=0.5)
    return write_synthetic_dataset(tmp_path_factory.mktemp("synthetic_clips") / "data", config)


@pytest.fixture(scope="module")
def inputs(root: Path) -> AllocationInputs:
    return allocation_inputs(root, 3, INPUT_HW, recalibration=6, batch_size=4)[0]


@pytest.fixture(scope="module")
def some(inputs: AllocationInputs) -> list[Allocation]:
    rng = np.random.default_rng(0)
    return [inputs.space.sample(rng) for _ in range(4)]


def scores(measured: dict[str, Any]) -> dict[str, Any]:
    return {name: measured[name] for name in SCORES}


def by_hand(inputs: AllocationInputs, allocation: Allocation) -> list[float]:
    """Each frame's AP the long way: no cache, every image seen whenever it is needed, nothing folded."""
    clips, temporal = inputs.clips, inputs.space.temporal
    supernet = temporal.supernet()
    supernet.load_state_dict({name: torch.tensor(array) for name, array in inputs.weights.items()})
    key = inputs.key_frame
    guide, recal_guide, aps = torch.tensor(key.heatmaps), torch.tensor(key.recalibration), [key.poses[0].ap]
    for frame, choice in enumerate(allocation.frames, start=1):
        network = extract_frame(temporal, supernet, choice).eval()
        recal = to_input(clips.recalibration.frames[frame].images)
        images = to_input(clips.crops.frames[frame].images)
        with torch.no_grad():
            with statistics_of_inputs(network):
                halves = np.array_split(np.arange(len(recal)), -(-len(recal) // clips.batch_size))
                for rows in halves:
                    network(recal[rows], recal_guide[rows])
            recal_guide = network(recal, recal_guide)
            guide = network(images, guide[: len(images)])
        aps.append(clips.poses(frame, guide.numpy()).ap)
    return aps


def test_figures_are_those_of_frame_after_frame_by_hand(
    inputs: AllocationInputs, some: list[Allocation]
) -> None:
    evaluator = AllocationEvaluator(inputs)
    for allocation in some:
        measured = evaluator.measure(allocation.to_json())
        aps = by_hand(inputs, allocation)
        assert json.loads(measured["frame_aps"]) == pytest.approx(aps, abs=1e-6)
        assert measured["ap"] == pytest.approx(np.mean(aps[1:]), abs=1e-6)
        assert 0.01 < measured["ap"] < 0.9


def test_what_is_remembered_changes_no_figure_and_spares_the_frames_in_common(
    inputs: AllocationInputs, some: list[Allocation]
) -> None:
    evaluator = AllocationEvaluator(inputs)
    first, other = some[0], some[1]
    siblings = [with_frame(first, 2, other.frames[2]), with_frame(first, 1, other.frames[1]), first]
    assert evaluator.measure(first.to_json())["cached_frames"] == 0
    for allocation, cached in zip(siblings, (2, 1, 2), strict=True):
        measured = evaluator.measure(allocation.to_json())
        assert measured["cached_frames"] == cached
        assert scores(measured) == scores(AllocationEvaluator(inputs).measure(allocation.to_json()))


def test_without_room_for_it_nothing_is_remembered(inputs: AllocationInputs, some: list[Allocation]) -> None:
    forgetful = AllocationEvaluator(replace(inputs, cache_bytes=1000))
    twice = [forgetful.measure(some[0].to_json()) for _ in range(2)]
    assert [each["cached_frames"] for each in twice] == [0, 0]
    assert forgetful.cache.bytes == 0
    assert scores(twice[0]) == scores(twice[1])


def test_the_cache_holds_float32_heatmaps_and_poses_of_all_but_the_last_frame(
    inputs: AllocationInputs, some: list[Allocation]
) -> None:
    evaluator = AllocationEvaluator(inputs)
    evaluator.measure(some[0].to_json())
    clips, recalibration = len(inputs.clips.crops.frames[1]), len(inputs.clips.recalibration.frames[1])
    heatmaps = (clips + recalibration) * 17 * (64 // 4) * (32 // 4) * 4
    key_poses, poses = (count * 17 * (2 * 8 + 4) for count in (len(inputs.clips.crops.frames[0]), clips))
    assert evaluator.cache.bytes == (heatmaps + key_poses + poses) + (heatmaps + key_poses + 2 * poses)


@pytest.mark.parametrize(("frames", "batch_size"), [(2, 4), (3, 64)])
def test_features_begun_with_change_no_figure_and_no_weight_also_where_they_are_dropped(
    root: Path, frames: int, batch_size: int
) -> None:
    """Recalibrated in two batches with clips of 3 frames and of 2, and in one batch with clips of 4."""
    inputs = allocation_inputs(root, frames, INPUT_HW, recalibration=6, batch_size=batch_size)[0]
    rng = np.random.default_rng(1)
    some = [inputs.space.sample(rng) for _ in range(6)]
    budgets = (0, 4 << 20, 1 << 30)
    plain, tight, roomy = (AllocationEvaluator(replace(inputs, cache_bytes=each)) for each in budgets)
    for allocation in some:
        measured = [each.measure(allocation.to_json()) for each in (plain, tight, roomy)]
        assert scores(measured[0]) == scores(measured[1]) == scores(measured[2])
    assert len(plain.features.cache) == 0 < len(tight.features.cache) < len(roomy.features.cache)
    assert tight.features.cache.peak_bytes <= 2 << 20
    for one, other in zip(plain.networks(some[0]), roomy.networks(some[0]), strict=True):
        assert one.keys() == other.keys()
        assert all(torch.equal(one[name], other[name]) for name in one)


def test_the_stem_of_a_frame_is_computed_once_and_stage_1_once_a_choice(
    inputs: AllocationInputs, some: list[Allocation]
) -> None:
    evaluator = AllocationEvaluator(inputs)
    for allocation in some:
        evaluator.measure(allocation.to_json())
    firsts = {(t, each.architecture.stages[0]) for one in some for t, each in enumerate(one.frames)}
    assert len(some) * 3 > len(firsts) > 3
    assert len(evaluator.features.cache) == 3 + len(firsts)
    crops, recalibration = len(inputs.clips.crops.frames[1]), len(inputs.clips.recalibration.frames[1])
    each = (crops + 2 * recalibration) * 16 * (64 // 2) * (32 // 2) * 4  # two batches, so two passes
    assert evaluator.features.cache.bytes == each * (3 + len(firsts))


def test_a_frame_feels_the_frames_before_it(inputs: AllocationInputs, some: list[Allocation]) -> None:
    evaluator = AllocationEvaluator(inputs)
    changed = with_frame(some[0], 0, some[1].frames[0])
    measured = (evaluator.measure(each.to_json()) for each in (some[0], changed))
    before, after = (json.loads(each["frame_aps"]) for each in measured)
    assert before[0] == after[0]
    assert all(one != other for one, other in zip(before[1:], after[1:], strict=True))


def test_the_networks_of_an_allocation_are_those_that_were_scored(
    inputs: AllocationInputs, some: list[Allocation]
) -> None:
    weights = AllocationEvaluator(inputs).networks(some[0])
    guide, aps = torch.tensor(inputs.key_frame.heatmaps), []
    for frame, choice in enumerate(some[0].frames, start=1):
        network = inputs.space.temporal.network(choice).eval()
        network.load_state_dict(weights[frame - 1])
        images = inputs.clips.crops.frames[frame].images
        with torch.no_grad():
            guide = network(to_input(images), guide[: len(images)])
        aps.append(inputs.clips.poses(frame, guide.numpy()).ap)
    measured = AllocationEvaluator(inputs).measure(some[0].to_json())
    assert json.loads(measured["frame_aps"])[1:] == pytest.approx(aps, abs=1e-6)


@pytest.mark.parametrize("frames", [2, 4])
def test_one_supernet_serves_other_numbers_of_frames(
    root: Path, inputs: AllocationInputs, frames: int
) -> None:
    other = allocation_inputs(root, frames, INPUT_HW, recalibration=4, batch_size=4)[0]
    assert {name: array.shape for name, array in other.weights.items()} == {
        name: array.shape for name, array in inputs.weights.items()
    }
    allocation = other.space.sample(np.random.default_rng(2))
    measured = AllocationEvaluator(replace(other, weights=inputs.weights)).measure(allocation.to_json())
    assert len(json.loads(measured["frame_aps"])) == frames + 1
    with pytest.raises(ArchitectureError, match="over 3 frames is needed"):
        AllocationEvaluator(inputs).measure(allocation.to_json())


def test_inputs_travel_to_workers(inputs: AllocationInputs, some: list[Allocation]) -> None:
    there = pickle.loads(pickle.dumps(inputs)).evaluator(torch.device("cpu"))
    here = AllocationEvaluator(inputs)
    assert scores(there.measure(some[0].to_json())) == scores(here.measure(some[0].to_json()))


def test_more_frames_than_any_clip_has_are_refused(root: Path) -> None:
    with pytest.raises(DataError, match="needs 6 successive labelled frames"):
        some_evaluation_clips(root, 5, INPUT_HW, recalibration=4, batch_size=4)

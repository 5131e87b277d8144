"""An allocation's networks, scored alone, have the figures that the joint search gave their slices."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.workers.search.some_clips import allocation_inputs
from workers.data.clips import disjoint_clips, evenly_spaced_clips, training_clips
from workers.data.codec import Codec
from workers.data.skeleton import POSETRACK17
from workers.data.synthetic.config import SyntheticConfig
from workers.data.synthetic.dataset import write_synthetic_dataset
from workers.data.tracks import read_tracks
from workers.errors import TrainingError
from workers.search.allocation_evaluator import AllocationEvaluator
from workers.search.allocation_score import AllocationScoring, score_allocation
from workers.search.evaluation_clips import predict_key_frames, prepare_evaluation_clips
from workers.weights.allocation import TrainedAllocation
from workers.weights.key_frame import KeyFrame

INPUT_HW, FRAMES = (64, 32), 3


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    config = SyntheticConfig(clips=4, frames_per_clip=5, people_per_clip=2, validation_fraction=0.5)
    return write_synthetic_dataset(tmp_path_factory.mktemp("synthetic_clips") / "data", config)


@pytest.fixture(scope="module")
def scoring(root: Path) -> AllocationScoring:
    training, scored = (read_tracks(root / "posetrack18", split) for split in ("train", "val"))
    return AllocationScoring(
        clips=disjoint_clips(scored, FRAMES + 1),
        recalibration=evenly_spaced_clips(training_clips(training, FRAMES + 1), 6),
        codec=Codec(INPUT_HW, 1.5), batch_size=4,
    )  # fmt: skip


def slices(root: Path, scoring: AllocationScoring) -> tuple[TrainedAllocation, dict[str, object]]:
    """An allocation cut out of a T supernet, without recalibration, and what the search says of it."""
    inputs, spatial = allocation_inputs(root, FRAMES, INPUT_HW, recalibration=6, batch_size=4)
    clips = prepare_evaluation_clips(scoring.clips, scoring.recalibration, scoring.codec, scoring.batch_size)
    inputs = replace(inputs, clips=clips, key_frame=predict_key_frames(inputs.space, spatial, clips))
    allocation, temporal = inputs.space.sample(np.random.default_rng(3)), inputs.space.temporal
    evaluator = AllocationEvaluator(inputs)
    key_frame = KeyFrame(
        architecture=temporal.key_frame, input_hw=INPUT_HW, joints=POSETRACK17.names, weights=spatial
    )
    weights = tuple(evaluator.networks(allocation))
    for each in weights:  # recalibration must set them again
        each.update({name: torch.ones_like(t) for name, t in each.items() if name.endswith("running_var")})
    found = TrainedAllocation(key_frame=key_frame, allocation=allocation, weights=weights)
    return found, evaluator.measure(allocation.to_json())


def test_its_figures_are_those_of_the_search(root: Path, scoring: AllocationScoring) -> None:
    found, measured = slices(root, scoring)
    scored = score_allocation(found, scoring)
    assert list(scored.frame_aps) == json.loads(str(measured["frame_aps"]))
    assert (scored.ap, scored.ap_all) == (measured["ap"], measured["ap_all"])
    for given, recalibrated in zip(found.weights, scored.weights, strict=True):
        assert given.keys() == recalibrated.keys()
        assert torch.equal(given["cnn.final.weight"], recalibrated["cnn.final.weight"])
    stem = "cnn.stem.norm.running_var"
    assert not torch.equal(scored.weights[0][stem], found.weights[0][stem])


def test_a_network_that_diverged_is_no_score(root: Path, scoring: AllocationScoring) -> None:
    found, _ = slices(root, scoring)
    found.weights[1]["cnn.final.weight"].fill_(float("inf"))
    with pytest.raises(TrainingError, match="must be finite"):
        score_allocation(found, scoring)

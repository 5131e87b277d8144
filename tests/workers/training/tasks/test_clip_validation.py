"""A T supernet's training is scored on the way, and goes on as if it had not been."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import torch

from spaces.temporal.allocation import OPERATIONS
from tests.workers.search.some_clips import lenient
from tests.workers.training.some_clips import FRAMES, key_frame, read_clips
from tests.workers.training.some_ranks import task
from workers.data.clips import disjoint_clips
from workers.data.coco import read_people
from workers.data.tracks import read_tracks
from workers.errors import TrainingError
from workers.training.parallel.ranks import Ranks
from workers.training.tasks.clip_validation import ClipScoring, ClipValidator
from workers.training.tasks.supernet import SupernetTraining
from workers.training.tasks.temporal_supernet import PropagationTraining


def training(root: Path, every: int = 1) -> PropagationTraining:
    recipe = task(epochs=2, batch_size=4, random_subnets=1, validate_every_epochs=every)
    return PropagationTraining(recipe, read_clips(root), key_frame(), OPERATIONS, Ranks())


def scoring(root: Path) -> ClipScoring:
    scored = disjoint_clips(read_tracks(root / "posetrack18", "val"), FRAMES)
    return ClipScoring(clips=scored, recalibration=read_clips(root), batch_size=4)


def test_a_validated_training_ends_bit_for_bit_like_one_that_is_not(clips_root: Path) -> None:
    plain, validated = training(clips_root, every=0), training(clips_root)
    list(plain.steps())
    validator = scoring(clips_root).validator(validated)
    reports = [scored for _ in validated.steps() if (scored := validator.report_if_due())]
    assert [report.epoch for report in reports] == [1, 2]
    for name, weight in plain.network.state_dict().items():
        assert torch.equal(validated.network.state_dict()[name], weight), name


def test_the_scores_are_aps_of_three_allocations_that_differ(clips_root: Path) -> None:
    """Wild weights, and heads so large that guesses count."""
    run = training(clips_root)
    validator = scoring(clips_root).validator(run)
    assert isinstance(validator, ClipValidator)
    validator._clips = lenient(validator._clips)
    scores, again = validator.scores(), validator.scores()
    assert scores == again
    assert set(scores) == {"biggest", "smallest", "random"}
    assert all(0 < ap < 1 for ap in scores.values())
    assert len(set(scores.values())) > 1


def test_weights_that_are_not_finite_score_nan(clips_root: Path) -> None:
    run = training(clips_root)
    with torch.no_grad():
        run.network.get_parameter("cnn.final.weight").fill_(np.nan)
    scores = scoring(clips_root).validator(run).scores()
    assert all(math.isnan(ap) for ap in scores.values())


def test_a_spatial_supernet_has_no_allocations_to_score(clips_root: Path) -> None:
    spatial = SupernetTraining(task(), read_people(clips_root, "train2017"), Ranks())
    with pytest.raises(TrainingError, match="only a T supernet has allocations"):
        scoring(clips_root).validator(spatial)

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from spaces.initialise import initialise
from workers.data.coco import read_people
from workers.data.codec import Codec
from workers.evaluation.coco.ap import CocoScorer
from workers.evaluation.crops import prepare_crops
from workers.search.evaluator import SearchInputs, SubnetEvaluator
from workers.training.config import SpatialTask, TrainConfig
from workers.training.parallel.ranks import Ranks
from workers.training.tasks.supernet import SupernetTraining
from workers.training.tasks.validation import (
    SubnetValidator,
    ValidationReport,
    ValidationTask,
    collapse_warning,
    validated_subnets,
)

INPUT_HW = (64, 32)


def training(root: Path, *, epochs: int = 3, every: int = 2, ranks: Ranks | None = None) -> SupernetTraining:
    train = TrainConfig(
        epochs=epochs, batch_size=8, warmup_steps=2, random_subnets=1, validate_every_epochs=every
    )
    task = SpatialTask(space="mobilenetv3-small", input_hw=INPUT_HW, sigma_cells=1.5, seed=5, train=train)
    return SupernetTraining(task, read_people(root, "train2017"), ranks or Ranks())


@pytest.fixture(scope="module")
def scored_on(synthetic_root: Path) -> ValidationTask:
    """A scorer so lenient that wild guesses score above zero."""
    people = read_people(synthetic_root, "val2017")
    lenient = replace(people.skeleton, oks_sigmas=tuple(12 * s for s in people.skeleton.oks_sigmas))
    scorer = CocoScorer.from_people(replace(people, skeleton=lenient))
    return ValidationTask(people=people, scorer=scorer, recalibration=people, batch_size=4)


def report(epoch: int, biggest: float, smallest: float) -> ValidationReport:
    return ValidationReport(
        epoch=epoch, step=10 * epoch, ap_biggest=biggest, ap_smallest=smallest, ap_random=0.0, total_s=1.0
    )


def test_a_validated_training_ends_bit_for_bit_like_one_that_is_not(
    synthetic_root: Path, scored_on: ValidationTask
) -> None:
    torch.manual_seed(0)
    plain = training(synthetic_root)
    for _ in plain.steps():
        pass
    drawn = torch.rand(3)

    torch.manual_seed(0)
    validated = training(synthetic_root)
    validator = SubnetValidator(scored_on, validated)
    reports = [scored for _ in validated.steps() if (scored := validator.report_if_due())]
    assert torch.equal(torch.rand(3), drawn)
    assert [one.epoch for one in reports] == [2, 3]  # every second, and the last
    assert [one.step for one in reports] == [2 * plain.steps_per_epoch, plain.total_steps]
    assert validated.supernet.training
    weights = plain.supernet.state_dict()
    for name, weight in validated.supernet.state_dict().items():
        assert torch.equal(weight, weights[name]), name


def test_the_figures_are_those_that_a_search_would_measure(
    synthetic_root: Path, scored_on: ValidationTask
) -> None:
    run = training(synthetic_root)
    initialise(run.supernet, seed=1, sigma=0.2)
    scored = SubnetValidator(scored_on, run).report()
    crops = prepare_crops(scored_on.people, INPUT_HW)
    evaluator = SubnetEvaluator(SearchInputs(
        space=run.space.name, keypoints=17, input_hw=INPUT_HW,
        weights={name: tensor.numpy() for name, tensor in run.supernet.state_dict().items()},
        recalibration_images=crops.images, crops=crops, scorer=scored_on.scorer,
        codec=Codec(INPUT_HW, 1.5), batch_size=4, flip_test=False,
    ))  # fmt: skip
    subnets = validated_subnets(run.space, run.task.seed)
    measured = {name: evaluator.measure(subnet.to_json())["ap"] for name, subnet in subnets.items()}
    assert measured["biggest"] > 0
    assert len(set(measured.values())) > 1
    assert scored.figures == pytest.approx(
        {f"val/ap_{name}": ap for name, ap in measured.items()} | {"val/total_s": scored.total_s}
    )


def test_only_the_first_rank_scores_and_only_where_it_is_asked(
    synthetic_root: Path, scored_on: ValidationTask
) -> None:
    for run in (training(synthetic_root, ranks=Ranks(1, 2)), training(synthetic_root, every=0)):
        run.step = run.steps_per_epoch * 2
        assert SubnetValidator(scored_on, run).report_if_due() is None
    run = training(synthetic_root)
    run.step = run.steps_per_epoch * 2 + 1
    assert SubnetValidator(scored_on, run).report_if_due() is None


def test_the_random_subnet_is_that_of_its_seed(synthetic_root: Path) -> None:
    space = training(synthetic_root).space
    first, same, other = (validated_subnets(space, seed)["random"] for seed in (0, 0, 1))
    assert first == same != other


def test_weights_that_are_not_finite_score_nan_and_the_training_hears_a_warning(
    synthetic_root: Path, scored_on: ValidationTask
) -> None:
    run = training(synthetic_root)
    with torch.no_grad():
        next(run.supernet.parameters()).fill_(np.nan)
    scored = SubnetValidator(scored_on, run).report()
    assert math.isnan(scored.ap_smallest)
    warning = collapse_warning([scored])
    assert warning is not None
    assert "not finite" in warning


@pytest.mark.parametrize(
    ("curve", "warned"),
    [
        ([(0.40, 0.30)], False),
        ([(0.40, 0.30), (0.60, 0.16)], False),  # left behind, but above a quarter
        ([(0.40, 0.30), (0.60, 0.14)], True),
        ([(0.40, 0.30), (0.10, 0.09)], True),  # both fell: the biggest's best counts
        ([(0.40, 0.30), (math.nan, 0.30)], False),
        ([(0.40, 0.01), (0.60, 0.02)], False),  # it has not learnt yet
        ([(0.04, 0.04), (0.60, 0.02)], False),  # its height was noise
        ([(0.40, 0.30), (0.60, 0.14), (0.60, 0.20)], False),  # it has recovered
    ],
)
def test_the_smallest_has_collapsed_when_it_falls_below_a_quarter_of_the_biggests_best(
    curve: list[tuple[float, float]], warned: bool
) -> None:
    history = [report(epoch, *aps) for epoch, aps in enumerate(curve, start=1)]
    warning = collapse_warning(history)
    assert (warning is not None) == warned
    if warning:
        assert f"epoch {len(curve)}: the smallest subnet collapses" in warning
        assert "at epoch 1 it was 0.300" in warning

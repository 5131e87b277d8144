from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import pytest

from workers.training.checkpoint_policy import CheckpointMetrics, CheckpointPolicy
from workers.training.config import TrainConfig
from workers.training.loops.loop import StepReport
from workers.training.tasks.validation import ValidationReport


def report(loss: float) -> StepReport:
    # whatever else a report tells, it does not judge a checkpoint
    figures: dict[str, Any] = dict.fromkeys(StepReport.__dataclass_fields__, 0)
    return StepReport(**figures | {f"loss_{name}": loss for name in ("biggest", "smallest", "random")})


def scored(ap_smallest: float) -> ValidationReport:
    return ValidationReport(
        epoch=1, step=3, ap_biggest=0.5, ap_smallest=ap_smallest, ap_random=0.4, total_s=1.0
    )


def test_a_checkpoint_is_due_every_so_many_steps_and_at_the_ends_of_so_many_epochs() -> None:
    policy = CheckpointPolicy.of(TrainConfig(checkpoint_every_steps=4, checkpoint_every_epochs=2), 3)
    assert [step for step in range(1, 19) if policy.due(step)] == [4, 6, 8, 12, 16, 18]


@pytest.mark.parametrize("every", [1, 4, 7])
def test_no_more_than_the_asked_number_of_steps_can_be_lost(every: int) -> None:
    policy = CheckpointPolicy.of(TrainConfig(checkpoint_every_steps=every), 10)
    due = [0, *(step for step in range(1, 101) if policy.due(step))]
    assert max(after - before for before, after in pairwise(due)) <= every


def test_a_checkpoint_is_judged_by_the_steps_since_the_one_before() -> None:
    metrics = CheckpointMetrics()
    metrics.add(report(3.0), None)
    metrics.add(report(1.0), scored(0.3))
    assert metrics.take() == pytest.approx({"loss": 2.0, "ap": 0.4})
    metrics.add(report(5.0), None)
    assert metrics.take() == {"loss": 5.0}


def test_figures_that_are_not_finite_judge_nothing() -> None:
    metrics = CheckpointMetrics()
    metrics.add(report(math.inf), scored(math.nan))
    assert metrics.take() == {}

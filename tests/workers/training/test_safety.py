"""Real networks driven to infinity, alone and on two processes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.workers.training.some_ranks import poison_targets, task, trained
from workers.data.coco import read_people
from workers.training.loops.sandwich import sandwich_at
from workers.training.parallel.ranks import Ranks
from workers.training.tasks.supernet import SupernetTraining

Trained = dict[str, Any]


def test_a_step_whose_target_holds_an_infinity_changes_nothing_and_is_counted(synthetic_root: Path) -> None:
    training = SupernetTraining(task(), read_people(synthetic_root, "train2017"), Ranks())
    poison_targets(training.data, iter([0.0, float("inf"), 0.0]))
    steps = training.steps()
    assert next(steps).skipped == 0
    before = {name: weight.clone() for name, weight in training.supernet.state_dict().items()}
    report = next(steps)
    assert report.loss_biggest == float("inf")
    assert (report.skipped, training.step) == (1, 2)
    assert all(torch.equal(weight, before[n]) for n, weight in training.supernet.state_dict().items())
    assert training.update.skipped_in_a_row == 1
    assert next(steps).skipped == 1
    assert training.update.skipped_in_a_row == 0
    assert any(not torch.equal(weight, before[n]) for n, weight in training.supernet.state_dict().items())


def test_a_learning_rate_that_destroys_the_weights_ends_the_training_by_name(synthetic_root: Path) -> None:
    run = trained(synthetic_root, Ranks(), steps=99, epochs=9, learning_rate=1e30, max_skipped_steps=3)
    space = SupernetTraining(task(), read_people(synthetic_root, "train2017"), Ranks()).space
    assert len(run["reports"]) == 3  # one that was applied, and two of the three that were not
    assert "in 3 steps in a row they were not" in run["error"]
    assert "at step 3 with learning rate 1e+30 and losses [" in run["error"]
    sandwich = sandwich_at(space, 5, 3, 2)
    for architecture in (sandwich.biggest, sandwich.smallest, *sandwich.random):
        assert architecture.key in run["error"]


def test_skipped_steps_are_counted_across_an_interruption(synthetic_root: Path) -> None:
    people = read_people(synthetic_root, "train2017")
    first, second = (SupernetTraining(task(epochs=2), people, Ranks()) for _ in range(2))
    poison_targets(first.data, iter([float("inf")] * 9))
    next(first.steps())
    second.load(first.state())
    assert (second.update.skipped, second.update.skipped_in_a_row) == (1, 1)
    assert next(second.steps()).skipped == 1


@pytest.mark.parametrize("sync_norm", [True, False])
def test_an_infinity_on_one_worker_makes_all_skip_the_step(
    on_ranks: Callable[..., list[Trained]], sync_norm: bool
) -> None:
    """The last of two workers is poisoned."""
    one, other = on_ranks(2, steps=3, poisoned=[1], sync_norm=sync_norm)
    assert [report["skipped"] for report in one["reports"]] == [0, 1, 1]
    assert [report["skipped"] for report in other["reports"]] == [0, 1, 1]
    assert all(torch.equal(weight, other["weights"][name]) for name, weight in one["weights"].items())


def test_all_workers_stop_at_the_same_step_with_the_same_words(
    on_ranks: Callable[..., list[Trained]],
) -> None:
    one, other = on_ranks(2, steps=3, poisoned=[1, 2], max_skipped_steps=2)
    assert [len(run["reports"]) for run in (one, other)] == [2, 2]
    assert "at step 2 " in one["error"]
    assert one["error"] == other["error"]


def test_gradients_longer_than_the_limit_are_shortened_to_it(synthetic_root: Path) -> None:
    free, held = (
        trained(synthetic_root, Ranks(), max_grad_norm=limit)["gradients"] for limit in (None, 0.01)
    )
    length = torch.cat([gradient.flatten() for gradient in free.values()]).norm()
    assert length > 0.1
    for name, gradient in free.items():
        torch.testing.assert_close(held[name], gradient * (0.01 / length), rtol=1e-3, atol=1e-9)


def test_gradients_within_the_limit_stay_as_they_are(synthetic_root: Path) -> None:
    free, held = (trained(synthetic_root, Ranks(), max_grad_norm=limit)["gradients"] for limit in (None, 1e9))
    assert all(torch.equal(gradient, held[name]) for name, gradient in free.items())

"""The predictor: when it is trusted, when it is not, and where a person sees how well it ranks."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import optuna
import pytest

from platform.config.sections.search import SearchConfig
from platform.feasible.architectures import FeasibleArchitectures
from platform.samplers.guided import GuidedSampler
from platform.samplers.predictor import STARTUP, fitted, rank_correlation
from platform.samplers.registry import build_sampler
from platform.samplers.sampler import Observation
from spaces.architecture import Architecture
from spaces.constraint import Constraint
from spaces.registry import build_space

SPACE = build_space("mobilenetv3-small")
FEASIBLE = FeasibleArchitectures(SPACE, Constraint(max_gmacs=0.018))
BATCH = 10


def searched(ap: Callable[[Architecture], float], journal: Path, least: float = 0.5) -> GuidedSampler:
    config = SearchConfig(sampler="predictor", predictor_batch=BATCH, predictor_least_correlation=least)
    sampler = build_sampler(config, FEASIBLE, seed=0, journal=journal)
    assert isinstance(sampler, GuidedSampler)
    for trial in range(STARTUP):
        candidate = sampler.propose(trial)
        sampler.observe(trial, Observation(candidate, ap(candidate), SPACE.cost(candidate).gmacs))
    sampler.propose(STARTUP)
    return sampler


def width(candidate: Architecture) -> float:
    return sum(FEASIBLE.features(candidate)[:10]) / 10


def test_rank_correlation_is_one_for_any_rising_function_and_nothing_for_a_constant() -> None:
    values = np.array([3.0, 1.0, 2.0, 10.0])
    assert rank_correlation(values, np.exp(values)) == pytest.approx(1)
    assert rank_correlation(values, -values) == pytest.approx(-1)
    assert rank_correlation(np.zeros(4), values) == 0


def test_a_gaussian_process_learns_a_plane() -> None:
    x = np.random.default_rng(0).random((40, 3))
    plane = x @ [1.0, 2.0, -1.0]
    np.testing.assert_allclose(fitted(x[:30], plane[:30]).predict(x[30:]), plane[30:], atol=0.02)


def test_a_good_predictor_says_how_good_and_plans(tmp_path: Path) -> None:
    sampler = searched(width, tmp_path / "journal")
    notes = sampler.notes()
    assert notes["predictor_trials"] == STARTUP
    assert notes["predictor_rank_correlation"] > 0.5
    name = f"predictor's rank correlation after {STARTUP} results"
    storage = optuna.storages.JournalStorage(
        optuna.storages.journal.JournalFileBackend(str(tmp_path / "journal"))
    )
    study = optuna.load_study(study_name="spatial_search", storage=storage)
    assert study.user_attrs[name] == notes["predictor_rank_correlation"]
    best = max(width(FEASIBLE.nearest(trial.params)) for trial in study.trials)
    assert max(width(sampler.propose(trial)) for trial in range(STARTUP + 1, STARTUP + 6)) > best


def test_while_the_correlation_is_low_proposals_are_uniform(tmp_path: Path) -> None:
    noise = np.random.default_rng(1)
    sampler = searched(lambda _: float(noise.random()), tmp_path / "a", least=0.9)
    assert sampler.notes()["predictor_rank_correlation"] < 0.9
    assert list(sampler.strategy.draws(np.random.default_rng(0))) == []

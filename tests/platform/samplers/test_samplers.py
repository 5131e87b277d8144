"""The contract that every sampler passes: name it in the registry and it is tested."""

from __future__ import annotations

from pathlib import Path

import optuna
import pytest

from platform.config import SearchConfig
from platform.samplers.registry import SAMPLERS, build_sampler
from platform.samplers.sampler import Observation, Sampler
from spaces.architecture import Architecture
from spaces.errors import ConstraintError
from spaces.registry import build_space

SPACE = build_space("mobilenetv3-small")
LIMIT = 0.018
NAMES = list(SAMPLERS)


def build(name: str, journal: Path, **changes: object) -> Sampler:
    config = SearchConfig(sampler=name, trials=24, max_gmacs=LIMIT, **changes)  # type: ignore[arg-type]
    return build_sampler(config, SPACE, seed=3, journal=journal)


def observe(sampler: Sampler, trial: int, architecture: Architecture) -> None:
    gmacs = SPACE.cost(architecture).gmacs
    failed = trial % 7 == 3
    sampler.observe(trial, Observation(architecture, None if failed else gmacs * 10, gmacs))


def propose(sampler: Sampler, trials: range) -> list[Architecture]:
    found = []
    for trial in trials:
        found.append(sampler.propose(trial))
        observe(sampler, trial, found[-1])
    return found


@pytest.mark.parametrize("name", NAMES)
def test_proposals_are_allowed_and_never_the_same_twice(name: str, tmp_path: Path) -> None:
    found = propose(build(name, tmp_path / "journal"), range(40))
    assert all(SPACE.cost(architecture).gmacs <= LIMIT for architecture in found)
    assert all(SPACE.contains(architecture) for architecture in found)
    assert len({architecture.key for architecture in found}) == 40


@pytest.mark.parametrize("name", NAMES)
def test_one_seed_gives_one_sequence(name: str, tmp_path: Path) -> None:
    once, again = (propose(build(name, tmp_path / str(i)), range(20)) for i in range(2))
    assert once == again


@pytest.mark.parametrize("name", NAMES)
def test_a_resumed_sampler_does_not_repeat_what_was_observed(name: str, tmp_path: Path) -> None:
    before = propose(build(name, tmp_path / "journal"), range(12))
    resumed = build(name, tmp_path / "journal")
    for trial, architecture in enumerate(before):
        observe(resumed, trial, architecture)
    after = propose(resumed, range(12, 24))
    assert not {a.key for a in before} & {a.key for a in after}


def test_the_uniform_sequence_does_not_depend_on_results_or_order(tmp_path: Path) -> None:
    whole = propose(build("uniform", tmp_path / "a"), range(12))
    resumed = build("uniform", tmp_path / "b")
    assert [resumed.propose(trial) for trial in (11, 3, 0)] == [whole[11], whole[3], whole[0]]


def test_nsga2_moves_towards_what_scored_better(tmp_path: Path) -> None:
    """With AP falling in MACs there is one best corner: later proposals must be cheaper than the first."""
    config = SearchConfig(sampler="nsga2", trials=120)
    sampler = build_sampler(config, SPACE, seed=0, journal=tmp_path / "journal")
    gmacs = []
    for trial in range(120):
        architecture = sampler.propose(trial)
        gmacs.append(SPACE.cost(architecture).gmacs)
        sampler.observe(trial, Observation(architecture, 1 - 10 * gmacs[-1], gmacs[-1]))
    assert sum(gmacs[-30:]) < 0.8 * sum(gmacs[:30])


@pytest.mark.parametrize("name", NAMES)
def test_the_study_on_disk_holds_every_result(name: str, tmp_path: Path) -> None:
    found = propose(build(name, tmp_path / "journal"), range(10))
    storage = optuna.storages.JournalStorage(
        optuna.storages.journal.JournalFileBackend(str(tmp_path / "journal"))
    )
    study = optuna.load_study(study_name="spatial_search", storage=storage)
    complete = [t for t in study.trials if t.state == optuna.trial.TrialState.COMPLETE]
    assert len(complete) == 9  # trial 3 failed
    best = max(SPACE.cost(a).gmacs for i, a in enumerate(found) if i % 7 != 3)
    assert max(trial.values[0] for trial in complete) == pytest.approx(best * 10)


@pytest.mark.parametrize("name", NAMES)
def test_an_impossible_constraint_says_so(name: str, tmp_path: Path) -> None:
    config = SearchConfig(sampler=name, max_gmacs=0.0001)  # type: ignore[arg-type]
    sampler = build_sampler(config, SPACE, 0, tmp_path / "journal")
    with pytest.raises(ConstraintError, match=r"at most 0\.0001 GMACs; its smallest has"):
        sampler.propose(0)

"""What a run takes over from others, on disk and with a real sampler; no trial is evaluated here."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console

from platform.config.file import to_yaml
from platform.config.recipes import tiny
from platform.config.sections.search import SearchConfig
from platform.feasible.architectures import FeasibleArchitectures
from platform.results.store import Row, TrialStore
from platform.run.context import Run
from platform.run.folder import RunFolder
from platform.run.taken_supernets import take_supernet
from platform.run.tracked import open_tracking
from platform.samplers.registry import build_sampler
from platform.samplers.these_first import TheseFirst
from platform.terminal.errors import ConfigError
from platform.trials.row import SearchFacts, observation_of
from platform.trials.warm_start import (
    check_runs,
    has_warm_start_rows,
    take_over,
    taken_over,
    usable_rows,
    warm_start_rows,
)
from spaces.architecture import Architecture
from spaces.constraint import Constraint
from spaces.registry import build_space
from tests.platform.trial_rows import trial_row

SPACE = build_space("mobilenetv3-small", 17, (64, 64))
FEASIBLE = FeasibleArchitectures(SPACE, Constraint())
STAGE = "spatial_search"


def write(folder: Path, *rows: Row) -> Path:
    store = TrialStore(folder / "trials.parquet")
    for row in rows:
        store.append(row | {"run": folder.name})
    return folder


def of(architecture: Architecture, **changes: Any) -> Row:
    cost = SPACE.cost(architecture)
    facts = {"key": architecture.key, "architecture": architecture.to_json(), "gmacs": cost.gmacs}
    return trial_row(0) | facts | changes


def test_equally_scored_rows_are_known_and_of_others_only_the_front_is_used(tmp_path: Path) -> None:
    same = write(tmp_path / "same", trial_row(0, key="a"), trial_row(1, key="b"))
    other = write(
        tmp_path / "other",
        *(trial_row(0, key="b", evaluation="x"), trial_row(1, key="c", evaluation="x", ap=0.7, gmacs=0.2)),
        trial_row(2, key="d", evaluation="x", ap=0.6, gmacs=0.3),  # beaten by c
    )
    rows = usable_rows([other, same], STAGE, "e")
    assert [(row["key"], row["evaluation"], row["origin"]) for row in rows] == [
        ("a", "e", "same#0"), ("b", "e", "same#1"), ("c", "x", "other#1"),
    ]  # fmt: skip


def test_failed_and_stopped_trials_are_not_known(tmp_path: Path) -> None:
    rows = trial_row(0), trial_row(1, ap=None, status="stopped"), trial_row(2, ap=None, status="failed")
    assert [row["trial"] for row in usable_rows([write(tmp_path, *rows)], STAGE, "e")] == [0]


def test_what_is_taken_over_is_allowed_and_has_numbers_that_no_trial_of_this_run_has() -> None:
    known = [trial_row(3, gmacs=0.1), trial_row(4, gmacs=0.9), trial_row(5, gmacs=0.2)]
    rows = taken_over(known, "new", STAGE, lambda row: row["gmacs"] < 0.5)
    assert [(row["run"], row["trial"], row["key"]) for row in rows] == [("new", -1, "k3"), ("new", -2, "k5")]


def test_rows_that_were_taken_over_are_the_runs_own_however_often_it_is_started(tmp_path: Path) -> None:
    small, big = SPACE.smallest(), SPACE.biggest()
    known = [of(small, origin="old#4"), of(big, origin="old#5"), of(small, evaluation="x")]
    context = context_of(tmp_path)
    facts = SearchFacts(
        run="new", stage=STAGE, space=SPACE.name, seed=0, sampler="uniform", constraint="", evaluation="e"
    )
    below = FeasibleArchitectures(SPACE, Constraint(max_gmacs=SPACE.cost(big).gmacs / 2))
    for _ in range(2):
        take_over(context, known, facts, below)
    (row,) = context.folder.trials.rows(STAGE)
    assert (row["run"], row["trial"], row["key"], row["origin"]) == ("new", -1, small.key, "old#4")
    said = context.console.file
    assert isinstance(said, io.StringIO)
    assert "1 trials of other runs are taken over, 1 more are outside the constraint; 1 on" in said.getvalue()


def test_a_known_architecture_is_never_proposed_again(tmp_path: Path) -> None:
    """A uniform sampler of the same seed would propose the very same ones."""
    config = SearchConfig(trials=8)
    first = build_sampler(config, FEASIBLE, seed=0, journal=tmp_path / "first.journal")
    proposed = [first.propose(trial) for trial in range(8)]
    second = build_sampler(config, FEASIBLE, seed=0, journal=tmp_path / "second.journal")
    for architecture in proposed:
        second.observe(None, observation_of(of(architecture)))
    keys = {second.propose(trial).key for trial in range(8)}
    assert len(keys) == 8
    assert keys.isdisjoint(architecture.key for architecture in proposed)


def test_the_front_of_a_run_that_was_scored_otherwise_comes_first_and_only_once(tmp_path: Path) -> None:
    sampler = build_sampler(SearchConfig(), FEASIBLE, seed=0, journal=tmp_path / "one.journal")
    again = build_sampler(SearchConfig(), FEASIBLE, seed=0, journal=tmp_path / "two.journal")
    front = [again.propose(trial) for trial in range(2)]  # what the first would propose by itself
    warm = TheseFirst(sampler, front, lambda architecture: {"gmacs": SPACE.cost(architecture).gmacs})
    proposed = [warm.propose(trial) for trial in range(6)]
    assert proposed[:2] == front
    assert len({architecture.key for architecture in proposed}) == 6


def context_of(tmp_path: Path, **changes: Any) -> Run:
    config = replace(tiny(), name="new", storage=tmp_path, warm_start=(tmp_path / "old",), **changes)
    folder = RunFolder(tmp_path / "new")
    folder.path.mkdir()
    folder.environment.write_text('{"run_id": "new"}')
    return Run(config, folder, open_tracking(config, folder), Console(file=io.StringIO()))


def finished_run(tmp_path: Path) -> RunFolder:
    """Recipe tiny as it lies after its training."""
    old = RunFolder(tmp_path / "old")
    write(old.path, of(SPACE.sample(np.random.default_rng(0))))
    old.config.write_text(to_yaml(replace(tiny(), storage=tmp_path)))
    old.supernet.write_bytes(b"weights")
    return old


def test_what_was_decided_at_first_holds_whatever_becomes_of_the_other_run(tmp_path: Path) -> None:
    old, context = finished_run(tmp_path), context_of(tmp_path)
    assert not has_warm_start_rows(context.config)
    before = warm_start_rows(context, STAGE, "e")
    assert has_warm_start_rows(context.config)
    write(old.path, trial_row(1), trial_row(2))
    assert len(before) == 1
    assert warm_start_rows(context, STAGE, "e") == before


def test_the_supernet_of_a_run_that_was_trained_alike_is_used(tmp_path: Path) -> None:
    old, context = finished_run(tmp_path), context_of(tmp_path, search=SearchConfig(max_gmacs=0.01))
    assert take_supernet(context) == old.path
    assert context.folder.supernet.read_bytes() == b"weights"


def test_a_supernet_trained_otherwise_is_used_only_where_this_run_trains_none(tmp_path: Path) -> None:
    old, context = finished_run(tmp_path), context_of(tmp_path, seed=7)
    assert take_supernet(context) is None
    assert not context.folder.supernet.exists()
    searching = replace(context, config=replace(context.config, stages=("spatial_search",)))
    assert take_supernet(searching) == old.path


def test_a_folder_that_is_no_run_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"must name folders of runs that have trials, but .*nix"):
        check_runs("warm-start", [tmp_path / "nix"])

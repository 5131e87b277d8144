"""Searches that evaluate nothing: what remains is the driver. Rows and tracking are a real run's."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import numpy as np
import ray
from ray import tune
from rich.console import Console

from platform.config.sections.resources import ResourceConfig
from platform.results.store import TrialStore
from platform.tracking.sender import Tracking
from platform.tracking.tracked_run import TrackedRun
from platform.trials.on_ray_tune import TUNE_SETTINGS, run_trials
from platform.trials.row import SearchFacts
from spaces.architecture import Architecture
from spaces.registry import build_space
from tests.benchmarks.noop_evaluator import BareActor, NoInputs, stock_trial
from workers.search.candidates import Measured

STAGE = "spatial_search"
SLOTS = 2
SPACE = build_space("mobilenetv3-small", 17, (128, 96))
FACTS = SearchFacts(
    run="noop", stage=STAGE, space=SPACE.name, seed=0, sampler="uniform", constraint="any cost",
    evaluation="none",
)  # fmt: skip


class Prepared:
    """A sampler whose architectures were drawn before."""

    def __init__(self, count: int) -> None:
        rng = np.random.default_rng(0)
        self.architectures = [SPACE.sample(rng) for _ in range(count)]

    def propose(self, trial: int) -> Architecture:
        return self.architectures[trial]


class Record:
    """A durable row for each trial and, where it is tracked, a child run, as in a run."""

    def __init__(self, folder: Path, *, tracked: bool) -> None:
        self.store = TrialStore(folder / "trials.parquet")
        run = TrackedRun(name="noop", identity=str(folder), artifact_root=folder / "artifacts", tags={})
        uri = f"sqlite:///{folder}/mlflow.db"
        self.tracking = Tracking(uri, run, folder / "tracking.jsonl") if tracked else None

    def add(self, trial: int, architecture: Architecture, measured: Measured) -> None:
        cost = SPACE.cost(architecture)
        figures = {"params": cost.params, "macs": cost.macs, "gmacs": cost.gmacs}
        row = FACTS.row(trial, architecture, figures, measured)
        self.store.append(row)
        if self.tracking is not None:
            self.tracking.log_trial(row)

    def close(self, expected: int) -> None:
        """Waits until all is written, and counts the rows."""
        if self.tracking is not None:
            assert self.tracking.close(Console()) == 0
        assert len(self.store.rows(STAGE)) == expected


def platform_s(trials: int, batch: int, folder: Path, *, tracked: bool) -> float:
    """Seconds of the platform's search, from the first proposal until all is written."""
    sampler, record = Prepared(trials), Record(folder, tracked=tracked)
    resources = ResourceConfig(slots=SLOTS, candidates_per_trial=batch)
    start_s = time.monotonic()
    run_trials(sampler, range(trials), ray.put(NoInputs()), resources, folder / "ray", record.add)
    record.close(trials)
    return time.monotonic() - start_s


def stock_tune_s(trials: int, folder: Path, *, tracked: bool) -> float:
    """The same from function trials, with Tune's own settings."""
    sampler, record = Prepared(trials), Record(folder, tracked=tracked)

    for name in TUNE_SETTINGS.keys() - {"RAY_AIR_NEW_OUTPUT"}:  # which prints tables
        os.environ.pop(name, None)
    texts = [{"trial": n, "architecture": sampler.propose(n).to_json()} for n in range(trials)]
    start_s = time.monotonic()
    tune.Tuner(
        tune.with_resources(stock_trial, {"CPU": 1}),
        param_space={"of": tune.grid_search(texts)},
        tune_config=tune.TuneConfig(max_concurrent_trials=SLOTS),
        run_config=tune.RunConfig(
            storage_path=str(folder / "stock"), callbacks=[_Rows(sampler, record)], verbose=0
        ),
    ).fit()
    record.close(trials)
    return time.monotonic() - start_s


class _Rows(tune.Callback):
    def __init__(self, sampler: Prepared, record: Record) -> None:
        self.sampler, self.record = sampler, record

    def on_trial_complete(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:
        number = trial.config["of"]["trial"]
        self.record.add(number, self.sampler.propose(number), trial.last_result)

    def __getstate__(self) -> dict[str, Any]:
        """Tune pickles its callbacks, too."""
        return {}


def bare_pool_s(trials: int, folder: Path) -> float:
    """The same without Tune, tracking, time limits and retries, once the actors are up."""
    sampler, record = Prepared(trials), Record(folder, tracked=False)
    bare: Any = ray.remote(BareActor)
    free = [bare.options(num_cpus=1).remote() for _ in range(SLOTS)]
    ray.get([actor.measure.remote("") for actor in free])
    start_s = time.monotonic()
    waiting, under_way = list(range(trials)), dict[Any, tuple[int, Any]]()
    while waiting or under_way:
        while free and waiting:
            trial, actor = waiting.pop(0), free.pop()
            under_way[actor.measure.remote(sampler.propose(trial).to_json())] = (trial, actor)
        for result in ray.wait(list(under_way))[0]:
            trial, actor = under_way.pop(result)
            record.add(trial, sampler.propose(trial), ray.get(result))
            free.append(actor)
    took_s = time.monotonic() - start_s
    record.close(trials)
    return took_s

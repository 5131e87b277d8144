"""Stage spatial_search: many subnets of the trained supernet, scored in parallel on Ray Tune."""

from __future__ import annotations

import json
import time
from typing import Any

import ray

from platform.console import StageProgress
from platform.results.row import make_row, observation_of
from platform.results.store import Row, TrialStore
from platform.run_folder import write_text
from platform.samplers.registry import build_sampler
from platform.search_inputs import search_inputs
from platform.stages.context import StageContext
from platform.tune_search import run_trials
from spaces.architecture import Architecture
from spaces.space import SearchSpace
from workers.errors import DataError
from workers.search.evaluator import measure_untrained

STAGE = "spatial_search"


def run(context: StageContext) -> None:
    config, store = context.config.search, context.folder.trials
    people = context.people(context.config.data.val_split)
    space = context.space(people)
    config.constraint.check(space)
    done = store.rows(STAGE)
    _log_missing(context, done)
    waiting = sorted(set(range(config.trials)) - {row["trial"] for row in done})
    if not waiting and context.folder.best.exists():
        context.console.print(f"{STAGE}: done before, {len(done)} trials", highlight=False)
        return
    inputs = ray.put(search_inputs(context, space, people))
    with StageProgress(context.console, STAGE, config.trials) as progress:
        _search(context, space, inputs, done, waiting, progress)
    _compare_with_untrained(context, inputs, store)


def _search(
    context: StageContext, space: SearchSpace, inputs: Any, done: list[Row], waiting: list[int],
    progress: StageProgress,
) -> None:  # fmt: skip
    config, store = context.config, context.folder.trials
    sampler = build_sampler(config.search, space, config.seed, context.folder.journal)
    for row in done:
        sampler.observe(row["trial"], observation_of(row))
    rows, started_s = list(done), time.monotonic()

    def on_done(trial: int, architecture: Architecture, measured: dict[str, Any]) -> None:
        row = make_row(config, space, STAGE, trial, architecture, measured)
        store.append(row)
        rows.append(row)
        sampler.observe(trial, observation_of(row))
        context.tracking.log_trial(row)
        per_minute = (len(rows) - len(done)) / (time.monotonic() - started_s) * 60
        progress.show(len(rows), _line(rows, per_minute))

    if waiting:
        run_trials(sampler, waiting, inputs, config.resources, context.folder.ray, on_done)


def _line(rows: list[Row], per_minute: float) -> str:
    scored = [row for row in rows if row["ap"] is not None]
    failed = f", {len(rows) - len(scored)} failed" if len(scored) < len(rows) else ""
    if not scored:
        return f"none finished{failed}"
    best = max(scored, key=lambda row: row["ap"])
    return f"best AP {best['ap']:.3f} at {best['gmacs']:.4f} GMACs, {per_minute:.1f} trials/min{failed}"


def _log_missing(context: StageContext, done: list[Row]) -> None:
    """Rows of an interrupted run that the tracking server has not got yet."""
    logged = context.tracking.logged_trials(STAGE) if done else set()
    for row in done:
        if row["trial"] not in logged:
            context.tracking.log_trial(row)


def _compare_with_untrained(context: StageContext, inputs: Any, store: TrialStore) -> None:
    scored = [row for row in store.rows(STAGE) if row["ap"] is not None]
    if not scored:
        raise DataError(
            f"none of the trials in {store.folder} finished; their column `error` says why. "
            "Mend the cause and give the run another --name."
        )
    best = max(scored, key=lambda row: (row["ap"], -row["gmacs"]))
    measure = ray.remote(measure_untrained).options(num_cpus=context.config.resources.cpus_per_slot)
    untrained = ray.get(
        measure.remote(
            inputs, Architecture.from_json(best["architecture"]), context.config.seed,
            context.config.train.init_sigma,
        )
    )  # fmt: skip
    figures = {name: best[name] for name in ("key", "gmacs", "params", "ap", "ar", "architecture")}
    summary = figures | {"ap_untrained": untrained["ap"]}
    write_text(context.folder.best, json.dumps(summary, indent=2) + "\n")

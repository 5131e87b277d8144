"""Stage spatial_search: many subnets of the trained supernet, scored in parallel on Ray Tune."""

from __future__ import annotations

import json
from typing import Any

import ray

from platform.config.sections.bounds import fields_named
from platform.feasible.architectures import FeasibleArchitectures
from platform.results.store import Row
from platform.run.cluster import in_a_slot
from platform.run.context import Run
from platform.run.folder import write_text
from platform.run.taken_supernets import take_supernet
from platform.samplers.registry import build_sampler
from platform.stages.spatial.inputs import search_digest, search_inputs
from platform.stages.spatial.latency import latency_constraint
from platform.trials.row import SearchFacts, best_of
from platform.trials.rungs import FirstRung
from platform.trials.search import SearchRun, names_best, pending_trials, refuse_other, send
from platform.trials.warm_start import take_over, warm_start_rows
from spaces.architecture import Architecture
from spaces.drawing import check_not_empty
from spaces.space import SearchSpace
from workers.data.skeleton import Skeleton
from workers.errors import DataError
from workers.search.evaluator import measure_untrained

STAGE = "spatial_search"


def run(context: Run) -> None:
    config, store = context.config.search, context.folder.trials
    people = context.people(context.config.data.val_split)
    space = context.space(people)
    with fields_named(config.section):
        check_not_empty(space, config.constraint)
    store.tidy()
    done = store.rows(STAGE)
    if not pending_trials(config.trials, done) and names_best(context.folder.best, done):
        send(context, done)
        context.console.print(f"{STAGE}: done before, {len(done)} trials", highlight=False)
        return
    if not context.folder.supernet.exists():
        take_supernet(context)
    facts = _facts(context, space, people.skeleton)
    known = warm_start_rows(context, STAGE, facts.evaluation)
    inputs = ray.put(search_inputs(context, space, people))
    _search(context, space, facts, known, inputs)
    _compare_with_untrained(context, inputs)


def _search(context: Run, space: SearchSpace, facts: SearchFacts, known: list[Row], inputs: Any) -> None:
    config, store = context.config.search, context.folder.trials
    latency = latency_constraint(context, space, config.constraint)
    feasible = FeasibleArchitectures(space, config.constraint, latency, config.max_latency_ms)

    def figures(architecture: Architecture) -> dict[str, Any]:
        cost = space.cost(architecture)
        columns = {} if latency is None else latency.columns(architecture)
        return {"params": cost.params, "macs": cost.macs, "gmacs": cost.gmacs} | columns

    take_over(context, known, facts, feasible)
    done = store.rows(STAGE)
    refuse_other(context, done, facts.evaluation, "another supernet")
    sampler = build_sampler(config, feasible, context.config.seed, context.folder.journal)
    most_gmacs = config.max_gmacs or space.cost(space.biggest()).gmacs
    search = SearchRun(
        context, facts, feasible, figures, sampler,
        most_gmacs=most_gmacs, trials=config.trials, done=done, known=known,
    )  # fmt: skip
    search.run(inputs, context.folder.ray, FirstRung.of(config, done))


def _facts(context: Run, space: SearchSpace, skeleton: Skeleton) -> SearchFacts:
    config = context.config
    return SearchFacts(
        run=config.name, stage=STAGE, space=space.name, seed=config.seed, sampler=config.search.sampler,
        constraint=config.search.bounds, evaluation=search_digest(context, space, skeleton),
    )  # fmt: skip


def _compare_with_untrained(context: Run, inputs: Any) -> None:
    store = context.folder.trials
    best = best_of(store.rows(STAGE))
    if best is None:
        raise DataError(
            f"none of the trials in {store.folder} finished; their column `error` says why. "
            "Mend the cause and give the run another --name."
        )
    config = context.config
    untrained = in_a_slot(
        config.resources, measure_untrained, inputs, Architecture.from_json(best["architecture"]),
        config.seed, config.train.init_sigma,
    )  # fmt: skip
    figures = {name: best[name] for name in ("key", "gmacs", "params", "ap", "ar", "architecture")}
    summary = figures | {"ap_untrained": untrained["ap"]}
    write_text(context.folder.best, json.dumps(summary, indent=2) + "\n")

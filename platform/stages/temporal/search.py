"""Stage temporal_search: computation allocated jointly to the frames of a clip (section 3.4.3)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import ray

from analysis.allocation_table import summary
from platform.config.sections.bounds import fields_named
from platform.feasible.allocations import FeasibleAllocations
from platform.results.store import Row
from platform.run.cluster import in_a_slot
from platform.run.context import Run
from platform.run.folder import write_text
from platform.run.summaries import read_allocation
from platform.run.taken_supernets import take_temporal_supernet
from platform.samplers.prefix import GROUP_SIZE
from platform.samplers.registry import build_sampler
from platform.stages.temporal.found import found_allocation
from platform.stages.temporal.inputs import Material, allocation_inputs, material
from platform.stages.temporal.latency import allocation_latency
from platform.trials.row import SearchFacts, best_of
from platform.trials.search import SearchRun, names_best, pending_trials, refuse_other, send
from platform.trials.warm_start import take_over, warm_start_rows
from spaces.drawing import GIGA
from spaces.temporal.allocation import Allocation
from spaces.temporal.average import average
from spaces.temporal.drawing import check_on_average
from workers.errors import DataError
from workers.search.allocation_evaluator import networks_of
from workers.weights.allocation import TrainedAllocation, save_allocation

STAGE = "temporal_search"


def run(context: Run) -> None:
    store, trials = context.folder.trials, context.config.temporal.search.trials
    store.tidy()
    done = store.rows(STAGE)
    if not pending_trials(trials, done) and names_best(context.folder.allocation, done):
        send(context, done)
        context.console.print(f"{STAGE}: done before, {len(done)} trials", highlight=False)
    else:
        _search(context, done)
    _say_best(context)


def _search(context: Run, done: list[Row]) -> None:
    if not context.folder.temporal_supernet.exists():
        take_temporal_supernet(context)
    config, given = context.config.temporal.search, material(context)
    with fields_named(config.section):
        check_on_average(given.space, config.constraint)
    facts = _facts(context, given)
    refuse_other(context, done, facts.evaluation, "another T supernet or S-ViPNet")
    known = warm_start_rows(context, STAGE, facts.evaluation)
    with allocation_latency(context, given.space) as latency:
        feasible = FeasibleAllocations(given.space, config.constraint, latency, config.max_latency_ms)
        take_over(context, known, facts, feasible)
        inputs = ray.put(allocation_inputs(context, given))
        _run_trials(context, given, facts, feasible, known, inputs)
    _keep_best(context, given, inputs)


def _run_trials(
    context: Run, given: Material, facts: SearchFacts, feasible: FeasibleAllocations,
    known: list[Row], inputs: Any,
) -> None:  # fmt: skip
    config = context.config.temporal.search
    options = replace(context.config.search, trials=config.trials)
    sampler = build_sampler(
        options, feasible, context.config.seed, context.folder.allocation_journal, config.sampler
    )
    search = SearchRun(
        _in_groups(context), facts, feasible, lambda one: _figures(feasible, one), sampler,
        most_gmacs=config.max_gmacs or average(given.space, given.space.biggest()).gmacs,
        trials=config.trials, done=context.folder.trials.rows(STAGE), known=known,
    )  # fmt: skip
    search.run(inputs, context.folder.ray / STAGE)


def _in_groups(context: Run) -> Run:
    """The run, but handing out whole sibling groups: one worker then has their prefix in its cache."""
    config = context.config
    if config.temporal.search.sampler != "prefix":
        return context
    together = max(GROUP_SIZE, config.resources.candidates_per_trial)
    resources = replace(config.resources, candidates_per_trial=together)
    return replace(context, config=replace(config, resources=resources))


def _facts(context: Run, given: Material) -> SearchFacts:
    config = context.config
    return SearchFacts(
        run=config.name, stage=STAGE, space=given.space.name, seed=config.seed,
        sampler=config.temporal.search.sampler, constraint=config.temporal.search.bounds,
        evaluation=given.evaluation,
    )  # fmt: skip


def _figures(feasible: FeasibleAllocations, allocation: Allocation) -> Mapping[str, Any]:
    """Columns of the average frame; the table holds whole numbers of MACs and parameters."""
    figures = feasible.figures(allocation)
    return figures | {"macs": round(figures["gmacs"] * GIGA), "params": round(figures["params"])}


def _keep_best(context: Run, given: Material, inputs: Any) -> None:
    """Networks first, then the figures: where these are, all is there."""
    store, folder = context.folder.trials, context.folder
    best = best_of(store.rows(STAGE))
    if best is None:
        raise DataError(
            f"none of the allocations in {store.folder} was scored; their column `error` says why. "
            "Mend the cause and give the run another --name."
        )
    weights = in_a_slot(context.config.resources, networks_of, inputs, best["architecture"])
    allocation = given.space.parse(best["architecture"])
    save_allocation(
        folder.allocation_networks,
        TrainedAllocation(key_frame=given.key_frame, allocation=allocation, weights=tuple(weights)),
    )
    write_text(folder.allocation, json.dumps(found_allocation(given.space, best), indent=2) + "\n")


def _say_best(context: Run) -> None:
    context.say(STAGE, summary(read_allocation(context.folder.allocation)))

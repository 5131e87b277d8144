"""Stage spatial_search: many subnets of the trained supernet, scored in parallel on Ray Tune."""

from __future__ import annotations

import json
import time
from typing import Any

import ray

from platform.evaluation_digest import search_digest
from platform.first_look import FirstLook
from platform.results.row import SearchFacts, is_scored, observation_of
from platform.results.store import Row
from platform.run_folder import write_text
from platform.samplers.registry import build_sampler
from platform.samplers.sampler import Sampler
from platform.search_inputs import search_inputs
from platform.search_state import SearchState
from platform.search_view import SearchView
from platform.stages.context import StageContext
from platform.tune_search import run_trials
from platform.warm_start import TheseFirst, settled_rows, take_supernet, taken_over
from spaces.architecture import Architecture
from spaces.space import SearchSpace
from workers.errors import DataError
from workers.search.evaluator import measure_untrained

STAGE = "spatial_search"
TAKEN_OVER = f"{STAGE}-taken-over"  # the part with the rows of other runs


def run(context: StageContext) -> None:
    config, store = context.config.search, context.folder.trials
    people = context.people(context.config.data.val_split)
    space = context.space(people)
    config.constraint.check(space)
    store.tidy()
    done = store.rows(STAGE)
    if not _waiting(context, done) and context.folder.best.exists():
        _send(context, done)
        context.console.print(f"{STAGE}: done before, {len(done)} trials", highlight=False)
        return
    if not context.folder.supernet.exists():
        take_supernet(context)
    facts = _facts(context, space)
    settled = settled_rows(context, STAGE, facts.evaluation)
    _take_over(context, space, settled, facts)
    done = store.rows(STAGE)
    _refuse_other(context, done, facts)
    inputs = ray.put(search_inputs(context, space, people))
    _Search(context, space, facts, settled, done).run(inputs)
    _compare_with_untrained(context, inputs)


class _Search:
    """The trials that are left; each is a durable row before anything depends on it."""

    def __init__(
        self, context: StageContext, space: SearchSpace, facts: SearchFacts, settled: list[Row],
        done: list[Row],
    ) -> None:  # fmt: skip
        self.context, self.space, self.facts, self.done = context, space, facts, done
        self.store = context.folder.trials
        config = context.config.search
        most_gmacs = config.max_gmacs or space.cost(space.biggest()).gmacs
        self.state = SearchState(config.trials, most_gmacs)
        self.view = SearchView(context.console, STAGE, self.state, facts.constraint)
        self.sampler = self._sampler(settled)

    def run(self, inputs: Any) -> None:
        _send(self.context, self.done)
        for row in self.done:
            self.state.take(row)
        waiting, config = _waiting(self.context, self.done), self.context.config
        if waiting:
            with self.view:
                run_trials(
                    self, waiting, inputs, config.resources, self.context.folder.ray, self.on_done,
                    FirstLook.of(config.search, self.done),
                )  # fmt: skip

    def propose(self, trial: int) -> Architecture:
        """The sampler's, and noted as under way."""
        candidate: Architecture = self.sampler.propose(trial)
        self.state.begin(trial)
        return candidate

    def observe(self, trial: int | None, observation: Any) -> None:
        self.sampler.observe(trial, observation)

    def on_done(self, trial: int, candidate: Any, measured: dict[str, Any]) -> None:
        row = self.facts.row(trial, candidate, _figures(self.space, candidate), measured)
        self.store.append(row)
        self.sampler.observe(trial, observation_of(row))
        self.context.tracking.log_trial(row)
        if self.state.take(row):
            self.context.tracking.log_metrics(self.state.metrics(), self.state.done, _now_ms())
        self.view.update()

    def _sampler(self, settled: list[Row]) -> Sampler:
        """As it was: what other runs knew comes first, then this run's own rows."""
        config = self.context.config
        sampler: Sampler = build_sampler(config.search, self.space, config.seed, self.context.folder.journal)
        for row in settled:
            if row["evaluation"] == self.facts.evaluation:
                sampler.observe(None, observation_of(row))
        first = [
            Architecture.from_json(row["architecture"])
            for row in settled
            if row["evaluation"] != self.facts.evaluation and _allows(self.context, self.space, row)
        ]
        sampler = TheseFirst(sampler, first, lambda candidate: _figures(self.space, candidate))
        for row in self.done:
            if row["trial"] >= 0:
                sampler.observe(row["trial"], observation_of(row))
        return sampler


def _waiting(context: StageContext, done: list[Row]) -> list[int]:
    return sorted(set(range(context.config.search.trials)) - {row["trial"] for row in done})


def _facts(context: StageContext, space: SearchSpace) -> SearchFacts:
    config = context.config
    return SearchFacts(
        run=config.name, stage=STAGE, space=space.name, seed=config.seed, sampler=config.search.sampler,
        constraint=str(config.search.constraint), evaluation=search_digest(context, space),
    )  # fmt: skip


def _figures(space: SearchSpace, architecture: Architecture) -> dict[str, Any]:
    """What is known without an evaluation."""
    cost = space.cost(architecture)
    return {"params": cost.params, "macs": cost.macs, "gmacs": cost.gmacs}


def _allows(context: StageContext, space: SearchSpace, row: Row) -> bool:
    architecture = Architecture.from_json(row["architecture"])
    return space.contains(architecture) and context.config.search.constraint.allows(space.cost(architecture))


def _take_over(context: StageContext, space: SearchSpace, settled: list[Row], facts: SearchFacts) -> None:
    """Once, and all at once: what is known elsewhere and allowed here."""
    if not settled:
        return
    known = [row for row in settled if row["evaluation"] == facts.evaluation]
    rows = taken_over(known, facts.run, STAGE, lambda row: _allows(context, space, row))
    context.folder.trials.append_all(rows, TAKEN_OVER)
    context.console.print(
        f"{STAGE}: {len(rows)} trials of other runs are taken over, {len(known) - len(rows)} more are "
        f"outside the constraint; {len(settled) - len(known)} architectures of runs scored otherwise come "
        "first",
        highlight=False, soft_wrap=True,
    )  # fmt: skip


def _refuse_other(context: StageContext, done: list[Row], facts: SearchFacts) -> None:
    """Scores of two supernets or data sets in one table would make a front of neither."""
    if any(row["evaluation"] not in (None, facts.evaluation) for row in done):
        raise DataError(
            f"the trials of {context.folder.path} were scored with another supernet, other annotations or "
            "other settings than are there now. Restore them, or give --name another value."
        )


def _send(context: StageContext, done: list[Row]) -> None:
    """Rows of an interrupted run that the tracking server may not have yet."""
    for row in done:
        context.tracking.log_trial(row)


def _now_ms() -> int:
    return int(time.time() * 1000)


def _compare_with_untrained(context: StageContext, inputs: Any) -> None:
    store = context.folder.trials
    scored = [row for row in store.rows(STAGE) if is_scored(row)]
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

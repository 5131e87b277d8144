"""One search, of whatever candidates: its sampler with all that it learnt, its trials, rows and view."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, final

from platform.feasible.feasible_set import FeasibleSet
from platform.results.store import Row
from platform.run.context import Run
from platform.run.stale import key_named_by
from platform.samplers.sampler import Sampler
from platform.samplers.these_first import TheseFirst
from platform.trials.on_ray_tune import run_trials
from platform.trials.row import SearchFacts, best_of, observation_of
from platform.trials.rungs import FirstRung
from platform.trials.state import SearchState
from platform.trials.view import SearchView
from workers.errors import DataError

Figures = Callable[[Any], Mapping[str, Any]]  # columns known of a candidate before its trial


@final
class SearchRun:
    """A search under way. Each trial is a durable row before anything depends on it.

    `done` are the rows of the run so far, `known` those of other runs that it uses (warm_start.py).
    """

    def __init__(
        self, context: Run, facts: SearchFacts, feasible: FeasibleSet, figures: Figures,
        sampler: Sampler, *, most_gmacs: float, trials: int, done: Sequence[Row], known: Sequence[Row] = (),
    ) -> None:  # fmt: skip
        self.context, self.facts, self.feasible, self.figures = context, facts, feasible, figures
        self.trials, self.done = trials, list(done)
        self.state = SearchState(trials, most_gmacs)
        self.view = SearchView(context.console, facts.stage, self.state, facts.constraint)
        self.sampler = self._as_it_was(sampler, known)

    def run(self, inputs: Any, folder: Path, first_rung: FirstRung | None = None) -> None:
        """Evaluates what is left. `inputs` is the reference of a `workers.search.candidates.Inputs`.

        `folder` is for Ray Tune's own notes. Raises as `run_trials`.
        """
        send(self.context, self.done)
        for row in self.done:
            self.state.take(row)
        if pending := pending_trials(self.trials, self.done):
            with self.view:
                resources = self.context.config.resources
                say = partial(self.context.say, self.facts.stage)
                run_trials(self, pending, inputs, resources, folder, self._on_done, first_rung, say)

    def propose(self, trial: int) -> Any:
        """The sampler's candidate of a trial, which counts as under way from now on."""
        candidate = self.sampler.propose(trial)
        self.state.begin(trial)
        return candidate

    def _on_done(self, trial: int, candidate: Any, measured: dict[str, Any]) -> None:
        row = self.facts.row(trial, candidate, self.figures(candidate), measured)
        self.context.folder.trials.append(row)
        self.sampler.observe(trial, observation_of(row, self.feasible.parse))
        self.context.tracking.log_trial(row)
        changed = self.state.metrics() if self.state.take(row) else {}
        notes = {f"search/{name}": value for name, value in self.sampler.notes().items()}
        if changed or notes:
            self.context.tracking.log_metrics({**changed, **notes}, self.state.done, int(time.time() * 1000))
        self.view.update()

    def _as_it_was(self, sampler: Sampler, known: Sequence[Row]) -> Sampler:
        """The sampler with all that it learnt: from other runs' rows first, then from this run's own."""
        parse = self.feasible.parse
        comparable = [row for row in known if row["evaluation"] == self.facts.evaluation]
        for row in comparable:
            sampler.observe(None, observation_of(row, parse))
        others = [parse(row["architecture"]) for row in known if row["evaluation"] != self.facts.evaluation]
        sampler = TheseFirst(sampler, [one for one in others if self.feasible.allows(one)], self.figures)
        for row in self.done:
            if row["trial"] >= 0:
                sampler.observe(row["trial"], observation_of(row, parse))
        return sampler


def pending_trials(trials: int, done: Sequence[Row]) -> list[int]:
    """The numbers of the trials that have no row yet."""
    return sorted(set(range(trials)) - {row["trial"] for row in done})


def names_best(summary: Path, done: Sequence[Row]) -> bool:
    """Whether a summary (best.json) is of the best row: a search that went on may have ended before it."""
    best = best_of(done)
    if summary.exists() and not summary.is_file():  # before days of trials
        raise DataError(f"{summary} must be a file, but it is none. Move it away.")
    with suppress(DataError):  # a damaged one is made again, of the rows
        return best is not None and key_named_by(summary) == best["key"]
    return False


def refuse_other(context: Run, done: Sequence[Row], evaluation: str | None, others: str) -> None:
    """Raises DataError where a row was scored in another way: a table of two ways makes a front of neither.

    `others` names the networks that may have been exchanged. Rows of before `evaluation` was a column pass.
    """
    if any(row["evaluation"] not in (None, evaluation) for row in done):
        raise DataError(
            f"the trials of {context.folder.path} were scored with {others}, other annotations or other "
            "settings than are there now. Restore them, or give --name another value."
        )


def send(context: Run, done: Sequence[Row]) -> None:
    """Hands rows of an interrupted run to tracking: its server may not have them yet."""
    for row in done:
        context.tracking.log_trial(row)

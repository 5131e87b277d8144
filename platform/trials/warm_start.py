"""What a search takes over from earlier runs: --warm-start RUN [RUN ...].

- A row that was scored with the same supernet, data and settings (column `evaluation`) is known here: where
  the constraint allows it, it becomes a row of this run, with its origin; it is never evaluated again, and
  the sampler learns from it, allowed or not.
- Of a run that was scored otherwise, only the front's architectures are used: they are evaluated first.
- A supernet that this run would train alike, or that it does not train at all, is taken over; so are a T
  supernet and the key frame's network below which it was trained, where this run has no stage temporal_train.
All this is decided once, before a search's first trial, in warm_start_STAGE.parquet: the runs may grow or go
afterwards.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from analysis.pareto import non_dominated
from platform.config.run import RunConfig
from platform.config.stage_names import StageName
from platform.feasible.feasible_set import FeasibleSet
from platform.results.store import Row, TrialStore, read_rows, write_rows
from platform.run.context import Run
from platform.run.folder import folder_of
from platform.terminal.errors import ConfigError
from platform.trials.row import SearchFacts, is_scored
from workers.files import visible

SEARCHES: tuple[StageName, ...] = ("spatial_search", "temporal_search")
TAKEN_OVER = "taken-over"  # the part of the table that holds other runs' rows


def check_runs(named: str, runs: Sequence[Path]) -> None:
    """Raises ConfigError for a folder that is no run with trials; `named` is the argument's name."""
    for run in runs:
        if not visible(run / "trials.parquet", "*.parquet"):
            raise ConfigError(
                f"{named} must name folders of runs that have trials, but {run / 'trials.parquet'} holds "
                "none. Give a run's folder, such as runs/smoke."
            )


def has_warm_start_rows(config: RunConfig) -> bool:
    """Whether all that the run uses of others is in its own folder: then they are not needed any more."""
    folder = folder_of(config)
    return all(folder.warm_start(stage).exists() for stage in SEARCHES if stage in config.stages)


def warm_start_rows(context: Run, stage: str, evaluation: str) -> list[Row]:
    """The rows of other runs that this run uses, from its own file, which the first call writes."""
    path = context.folder.warm_start(stage)
    if not path.exists():
        if not context.config.warm_start:
            return []
        check_runs("warm-start", context.config.warm_start)
        write_rows(path, usable_rows(context.config.warm_start, stage, evaluation))
    return read_rows(path)


def usable_rows(runs: Sequence[Path], stage: str, evaluation: str) -> list[Row]:
    """Each architecture's first known row, and the fronts of runs that were scored otherwise."""
    known: dict[str, Row] = {}
    fronts: dict[str, Row] = {}
    for run in runs:
        rows = scored_rows(run, stage)
        known |= {row["key"]: row for row in rows if row["evaluation"] == evaluation} | known
        others = [row for row in rows if row["evaluation"] != evaluation]
        fronts |= {row["key"]: row for row in front_of(others)} | fronts
    return [*known.values(), *(row for key, row in fronts.items() if key not in known)]


def scored_rows(run: Path, stage: str) -> list[Row]:
    """A run's rows with an AP, each with its origin."""
    rows = TrialStore(run / "trials.parquet").rows(stage)
    return [row | {"origin": origin_of(row)} for row in rows if is_scored(row)]


def origin_of(row: Row) -> str:
    """RUN#TRIAL where a row was evaluated; a row that was taken over keeps what it says."""
    return row["origin"] or f"{row['run']}#{row['trial']}"


def front_of(rows: Sequence[Row]) -> list[Row]:
    """The Pareto front of rows by AP and MACs, cheapest first."""
    if not rows:
        return []
    chosen = non_dominated([[row["ap"], row["gmacs"]] for row in rows], ("maximize", "minimize"))
    front = [row for row, on_front in zip(rows, chosen, strict=True) if on_front]
    return sorted(front, key=lambda row: (row["gmacs"], row["key"]))


def take_over(context: Run, known: Sequence[Row], facts: SearchFacts, feasible: FeasibleSet[Any]) -> None:
    """Makes rows of this run of what is known elsewhere and allowed here; all at once, and only once."""
    if not known:
        return
    comparable = [row for row in known if row["evaluation"] == facts.evaluation]
    rows = taken_over(
        comparable, facts.run, facts.stage, lambda row: feasible.allows(feasible.parse(row["architecture"]))
    )
    context.folder.trials.append_all(facts.stage, rows, TAKEN_OVER)
    context.say(
        facts.stage,
        f"{len(rows)} trials of other runs are taken over, {len(comparable) - len(rows)} more are outside "
        f"the constraint; {len(known) - len(comparable)} on fronts of runs scored otherwise come first",
    )


def taken_over(known: Sequence[Row], run: str, stage: str, allows: Callable[[Row], bool]) -> list[Row]:
    """The rows that the constraint allows, as rows of `run`; trials -1, -2, ... are not evaluated here."""
    allowed = [row for row in known if allows(row)]
    return [
        row | {"run": run, "stage": stage, "trial": -number} for number, row in enumerate(allowed, start=1)
    ]

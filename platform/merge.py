"""Several runs as one table and one front: python -m platform.merge RUN RUN ... --into NAME.

One row stays for each architecture and `evaluation`: a finished one before a failed one, then the one
scored on more people, then that of the run named first. Scores are compared only where `evaluation` is
equal, so runs scored otherwise (another supernet, data, settings) are refused, unless --mixed is given.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro
from rich.console import Console

from analysis.figures import write_pareto_html, write_pareto_png
from analysis.front_table import front_table
from analysis.pareto_view import pareto_view
from analysis.trials import read_trials
from platform.command_line import parse
from platform.command_line import run as run_command
from platform.errors import ConfigError
from platform.results.store import Row, TrialStore
from platform.warm_start import check_runs, origin_of

PROGRAM = "python -m platform.merge"


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeArguments:
    """Makes one table and front of the trials of several runs; a new run can start from it: --warm-start."""

    runs: Annotated[tuple[Path, ...], tyro.conf.Positional]
    """Folders of runs."""
    into: str
    """Name of the folder for the table and the front; one that is there already is refused."""
    storage: Path = Path("runs")
    """Where that folder is made."""
    stage: str = "spatial_search"
    """Whose trials."""
    mixed: bool = False
    """Also where the scores may not be compared, as of different supernets."""


def merged_rows(runs: Sequence[Path], stage: str, into: str) -> list[Row]:
    """The chosen rows as trials 0, 1, ... of the run `into`, in the order of runs and trials."""
    rows = [row for run in runs for row in TrialStore(run / "trials.parquet").rows(stage)]
    chosen: dict[tuple[str, str | None], Row] = {}
    for row in rows:
        key = row["key"], row["evaluation"]
        if key not in chosen or _worth(row) > _worth(chosen[key]):
            chosen[key] = row
    return [
        row | {"run": into, "trial": number, "origin": origin_of(row)}
        for number, row in enumerate(chosen.values())
    ]


def check_comparable(rows: Iterable[Row]) -> None:
    """Raises ConfigError where scores were taken in more than one way."""
    ways: dict[str | None, str] = {}
    for row in rows:
        ways.setdefault(row["evaluation"], row["origin"])
    if len(ways) > 1:
        examples = ", ".join(f"{origin} ({way or 'unknown'})" for way, origin in ways.items())
        raise ConfigError(
            "runs that are merged must have scored with the same supernet, data and settings, but the column "
            f"`evaluation` differs: {examples}. Give --mixed to have them side by side all the same."
        )


def main(arguments: list[str]) -> int:
    given = parse(MergeArguments, arguments, prog=PROGRAM, description=MergeArguments.__doc__)
    check_runs(given.runs)
    folder = given.storage / given.into
    if folder.exists():
        raise ConfigError(f"--into must name a new folder, but {folder} is there. Give another name.")
    rows = merged_rows(given.runs, given.stage, given.into)
    if not given.mixed:
        check_comparable(rows)
    TrialStore(folder / "trials.parquet").append_all(given.stage, rows, "merged")
    _report(folder, Console(soft_wrap=not sys.stdout.isatty()))
    return 0


def _worth(row: Row) -> tuple[bool, int]:
    return row["status"] == "finished", row["people"] or 0


def _report(folder: Path, console: Console) -> None:
    trials = read_trials(folder)
    view = pareto_view(trials)
    write_pareto_html(view, folder / "pareto.html")
    write_pareto_png(view, folder / "pareto.png")
    console.print(front_table(trials))
    console.print(f"trials         {folder / 'trials.parquet'}", highlight=False, soft_wrap=True)
    console.print(f"Pareto front   {folder / 'pareto.html'}, {folder / 'pareto.png'}", highlight=False)


if __name__ == "__main__":
    sys.exit(run_command(main, sys.argv[1:]))

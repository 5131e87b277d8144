"""Several runs as one table and one front: python -m platform.merge RUN RUN ... --into NAME.

One row stays for each architecture and `evaluation`: a finished one before a failed one, then the one
scored on more people, then that of the run named first. Scores are compared only where `evaluation` is
equal, so runs scored otherwise (another supernet, data, settings) are refused, unless --mixed is given.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, final

import tyro
from rich.console import Console

from platform.terminal.command_line import parse
from platform.terminal.command_line import run as run_command
from platform.terminal.consoles import plain_console
from platform.terminal.errors import ConfigError, UsageError
from platform.terminal.paths import is_folder_name

PROGRAM = "python -m platform.merge"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class MergeArguments:
    """Makes one table and front of the trials of several runs; a new run can start from it: --warm-start."""

    runs: Annotated[tuple[Path, ...], tyro.conf.Positional]
    """Folders of runs."""
    into: str
    """Name of the folder for the table and the front; one that is there already is refused."""
    storage: Path = Path("runs")
    """Folder in which the folder of the merged run is made."""
    stage: Literal["spatial_search", "temporal_search"] = "spatial_search"
    """Whose trials."""
    mixed: bool = False
    """Merge runs whose scores may not be compared, too, as of different supernets."""

    def __post_init__(self) -> None:
        if not is_folder_name(self.into):
            raise UsageError(f"--into must be the name of a folder in --storage, but it is {self.into!r}")


def main(arguments: list[str]) -> int:
    given = parse(MergeArguments, arguments, prog=PROGRAM, description=MergeArguments.__doc__)
    # takes seconds to import: --help and a mistyped flag are answered before
    from platform.results.store import TrialStore
    from platform.trials.merging import check_comparable, merged_rows
    from platform.trials.warm_start import check_runs
    from workers.files import whole_folder

    check_runs("RUN ...", given.runs)
    folder = given.storage / given.into
    if folder.exists():
        raise ConfigError(f"--into must name a new folder, but {folder} is there. Give another name.")
    rows = merged_rows(given.runs, given.stage, given.into)
    if not rows:
        raise ConfigError(
            f"the runs must have trials of --stage {given.stage}, but none has. Give another stage."
        )
    if not given.mixed:
        check_comparable(rows)
    console = plain_console()
    with whole_folder(folder) as draft:
        TrialStore(draft / "trials.parquet").append_all(given.stage, rows, "merged")
        _report(draft, console)
    console.print(f"trials         {folder / 'trials.parquet'}", highlight=False, soft_wrap=True)
    console.print(f"Pareto front   {folder / 'pareto.html'}, {folder / 'pareto.png'}", highlight=False)
    return 0


def _report(folder: Path, console: Console) -> None:
    from analysis.figures import write_pareto_html, write_pareto_png
    from analysis.front_table import front_table
    from analysis.pareto_view import pareto_view
    from analysis.trials import read_trials

    trials = read_trials(folder)
    view = pareto_view(trials)
    write_pareto_html(view, folder / "pareto.html")
    write_pareto_png(view, folder / "pareto.png")
    console.print(front_table(trials))


if __name__ == "__main__":
    sys.exit(run_command(main, sys.argv[1:]))

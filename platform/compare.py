"""The paper's four comparisons (Tables 3 and 4, Figure 6) of runs that are done, beside its own figures.

python -m platform.compare runs/smoke-video runs/smoke-video-no-fusion runs/smoke-video-shared --out tables

Each run's networks predict every frame of its validation split again, on which it was searched, or of other
videos: --on DIR. Runs that differ in their seed alone are pooled. python -m platform.controls makes the runs.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, final

import tyro

from platform.terminal.command_line import parse, run
from platform.terminal.consoles import plain_console


@final
@dataclass(frozen=True)
class CompareArguments:
    """Arguments of `python -m platform.compare`: the runs to compare, and on which videos."""

    runs: Annotated[tuple[Path, ...], tyro.conf.Positional]
    """Folders of runs, with an allocation or with an S-ViPNet that was finetuned. The first allocation has
    the T at which controls are compared; others count for Table 4."""
    on: Path | None = None
    """Score all runs on these videos, in PoseTrack18's layout, in place of what each was searched on."""
    split: str | None = None
    """Which of their splits; by default that on which each run was searched."""
    out: Path = Path(".")
    """Folder for comparisons.md, comparisons.csv and runs.csv (each run's AP by joints)."""


def main(argv: list[str]) -> int:
    arguments = parse(CompareArguments, argv, prog="python -m platform.compare", description=__doc__)
    from platform.comparison.scores import Videos, compare  # takes seconds: --help is answered before

    videos = Videos(root=arguments.on, split=arguments.split)
    print(compare(arguments.runs, arguments.out, plain_console(stderr=True), videos))
    print(arguments.out / "comparisons.md")
    return 0


if __name__ == "__main__":
    sys.exit(run(main, sys.argv[1:]))

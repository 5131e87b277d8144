"""Sends to the tracking server what waits in a run's folder: python -m platform.track RUN."""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, final

import tyro
from rich.console import Console

from platform.terminal.command_line import parse
from platform.terminal.command_line import run as run_command
from platform.terminal.errors import ConfigError

PROGRAM = "python -m platform.track"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class TrackArguments:
    """Sends to the tracking server what a run could not send while it ran; nothing is sent twice.

    Ends with 0 when the server has all, with 1 when something waits still or was refused, which is named.
    """

    run: Annotated[Path, tyro.conf.Positional]
    """The run's folder."""
    tracking_uri: str | None = None
    """Another server than the run's own; it gets everything."""
    wait_s: float = 60
    """How long to wait while nothing gets through."""


def main(arguments: list[str]) -> int:
    given = parse(TrackArguments, arguments, prog=PROGRAM, description=TrackArguments.__doc__)
    from platform.run.folder import RunFolder  # takes seconds to import: --help is answered before
    from platform.run.lock import only_driver

    folder = RunFolder(given.run.absolute())
    if not folder.environment.exists():
        raise ConfigError(f"{given.run} must be a run's folder, but it holds no environment.json")
    with only_driver(folder.path):
        return _send(given, folder.path)


def _send(given: TrackArguments, path: Path) -> int:
    from platform.config.own_file import read_own
    from platform.config.stage_names import STAGE_NAMES
    from platform.run.folder import RunFolder
    from platform.run.tracked import finish, open_tracking
    from platform.tracking.sender import Patience

    folder = RunFolder(path)
    config, console = read_own(folder.path), Console(soft_wrap=not sys.stdout.isatty(), markup=False)
    if given.tracking_uri is not None:
        config = replace(config, tracking_uri=given.tracking_uri)
    tracking = open_tracking(config, folder)
    for stage in STAGE_NAMES:
        for row in folder.trials.rows(stage):
            tracking.log_trial(row)
    left = finish(tracking, folder, console, Patience(idle_s=given.wait_s, total_s=float("inf")))
    whole = not left and not tracking.refused
    if whole:
        console.print(f"tracking: {tracking.uri} has all of {folder.path}", highlight=False, soft_wrap=True)
    return 0 if whole else 1


if __name__ == "__main__":
    sys.exit(run_command(main, sys.argv[1:]))

"""The command line of a search: python -m platform.search RECIPE [--field value ...]."""

from __future__ import annotations

import sys

from platform.config.arguments import overview, read_arguments
from platform.config.run import RunConfig
from platform.terminal.command_line import run as run_command
from platform.terminal.consoles import plain_console
from platform.terminal.errors import ConfigError

RESUME = "--resume"


def main(arguments: list[str]) -> int:
    config = read_arguments([word for word in arguments if word != RESUME])
    if config is None:
        print(overview())
        return 0
    if RESUME in arguments:
        _must_exist(config)
    from platform.stages.pipeline import run  # takes seconds to import: a mistyped field is answered before

    run(config, plain_console())
    return 0


def _must_exist(config: RunConfig) -> None:
    folder = config.storage / config.name
    if not (folder / "config.yaml").exists():
        raise ConfigError(
            f"{RESUME} needs a run that was begun, but {folder} is none. Without {RESUME} it begins."
        )


if __name__ == "__main__":
    sys.exit(run_command(main, sys.argv[1:]))

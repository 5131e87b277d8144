"""The command line of a search: python -m platform.search RECIPE [--field value ...]."""

from __future__ import annotations

import sys
from pathlib import Path

from rich.console import Console

from platform.command_line import parse
from platform.command_line import run as run_command
from platform.config import RunConfig
from platform.config_file import from_yaml
from platform.errors import ConfigError
from platform.recipes import RECIPES, listing, recipe

PROGRAM = "python -m platform.search"
RESUME = "--resume"


def overview() -> str:
    """What --help prints before a recipe is chosen."""
    return "\n".join(
        (
            f"usage: {PROGRAM} RECIPE [--FIELD VALUE ...]",
            f"       {PROGRAM} --config run.yaml [--FIELD VALUE ...]",
            "",
            "Searches a pose network: makes or reads a data set, trains a weight-shared supernet, scores its",
            "subnets under a constraint, and prints the Pareto front of accuracy against cost.",
            "The same command again continues where it stopped; with --resume it refuses to begin anew.",
            "",
            "recipes:",
            *(f"  {line}" for line in listing()),
            "",
            "examples:",
            f"  {PROGRAM} smoke",
            f"  {PROGRAM} smoke --name more --search.trials 40 --search.max-gmacs 0.012",
            f"  {PROGRAM} tiny --name mine --data.root data/coco",
            f"  {PROGRAM} --config runs/smoke/config.yaml",
            f"  {PROGRAM} smoke --name tighter --warm-start runs/smoke --search.max-gmacs 0.01",
            "",
            f"All fields of a recipe, with their values: {PROGRAM} smoke --help",
            "Several runs as one table and front: python -m platform.merge runs/smoke runs/more --into both",
            "In which fields two recipes differ: python -m platform.recipes diff smoke coco-mbv3",
        )
    )


def read_arguments(arguments: list[str]) -> RunConfig | None:
    """The configuration that the arguments describe; None when they ask for the overview."""
    if not arguments or arguments[0] in ("-h", "--help"):
        return None
    if arguments[0] == "--config" or arguments[0].startswith("--config="):
        name, base, rest = _from_file(arguments)
    elif arguments[0].startswith("-"):
        raise ConfigError(
            f"a recipe or --config FILE must come first, but {arguments[0]!r} does; "
            f"the recipes are: {', '.join(RECIPES)}"
        )
    else:
        name, base, rest = arguments[0], recipe(arguments[0]), arguments[1:]
    return parse(RunConfig, rest, default=base, prog=f"{PROGRAM} {name}", description=RunConfig.__doc__ or "")


def main(arguments: list[str]) -> int:
    config = read_arguments([word for word in arguments if word != RESUME])
    if config is None:
        print(overview())
        return 0
    if RESUME in arguments:
        _must_exist(config)
    from platform.pipeline import run  # takes seconds to import: a mistyped field is answered before

    run(config, Console(soft_wrap=not sys.stdout.isatty()))
    return 0


def _must_exist(config: RunConfig) -> None:
    folder = config.storage / config.name
    if not (folder / "config.yaml").exists():
        raise ConfigError(
            f"{RESUME} needs a run that was begun, but {folder} is none. Without {RESUME} it begins."
        )


def _from_file(arguments: list[str]) -> tuple[str, RunConfig, list[str]]:
    head, equals, value = arguments[0].partition("=")
    if not equals and len(arguments) < 2:
        raise ConfigError(f"--config needs a file, as in {PROGRAM} --config run.yaml")
    path, rest = (value, arguments[1:]) if equals else (arguments[1], arguments[2:])
    return f"{head} {path}", from_yaml(Path(path)), rest


if __name__ == "__main__":
    sys.exit(run_command(main, sys.argv[1:]))

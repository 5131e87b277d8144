"""A search's command line: a recipe or a file, then fields that differ."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console

from platform.config.checks import fields_in
from platform.config.file import flat_fields
from platform.config.own_file import read_config
from platform.config.recipes import RECIPES, listing, recipe
from platform.config.run import RunConfig
from platform.terminal.command_line import HELP, parse
from platform.terminal.errors import ConfigError
from platform.terminal.short_help import Groups, print_short_help
from spaces.errors import BoundError

PROGRAM = "python -m platform.search"
HELP_ALL = "--help-all"
COMMON: Groups = {  # what people change first
    "run": ("name", "seed", "storage", "stages"),
    "data and training": ("data.root", "train.epochs"),
    "search of subnets": ("search.trials", "search.sampler", "search.max_gmacs", "search.max_latency_ms"),
    "search of allocations": ("temporal.search.trials", "temporal.search.max_gmacs"),
    "resources": ("resources.train_workers", "resources.gpus_per_train_worker", "resources.slots"),
}


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
            f"The fields that people change first, with their values: {PROGRAM} smoke --help",
            f"All fields: {PROGRAM} smoke --help-all",
            "Several runs as one table and front: python -m platform.merge runs/smoke runs/more --into both",
            "In which fields two recipes differ: python -m platform.recipes diff smoke coco-mbv3",
        )
    )


def read_arguments(arguments: list[str]) -> RunConfig | None:
    """The configuration that the arguments describe; None when they ask for the overview.

    Behind a recipe or file --help prints the common fields, --help-all every field, and both exit.
    """
    if not arguments or arguments[0] in HELP:
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
    program = f"{PROGRAM} {name}"
    if HELP_ALL in rest:
        rest = ["--help"]
    elif not HELP.isdisjoint(rest):
        print_common_help(base, program, Console(markup=False))
        raise SystemExit(0)
    try:
        return parse(RunConfig, rest, default=base, prog=program, description=RunConfig.__doc__ or "")
    except BoundError as error:
        raise ConfigError(fields_in(RunConfig, str(error))) from error


def print_common_help(config: RunConfig, program: str, console: Console) -> None:
    """The common fields with their values in `config`, and how to see the others."""
    usage, count = f"{program} [--FIELD VALUE ...] [--resume]", len(flat_fields(config))
    more = f"These fields are what people change first; for all {count}:\n  {program} {HELP_ALL}"
    print_short_help(config, COMMON, usage, more, console)


def _from_file(arguments: list[str]) -> tuple[str, RunConfig, list[str]]:
    head, equals, value = arguments[0].partition("=")
    if not equals and len(arguments) < 2:
        raise ConfigError(f"--config needs a file, as in {PROGRAM} --config run.yaml")
    path, rest = (value, arguments[1:]) if equals else (arguments[1], arguments[2:])
    return f"{head} {path}", read_config(Path(path)), rest

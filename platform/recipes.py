"""Named runs: each recipe is a function that returns a whole configuration. `RECIPES` lists them.

python -m platform.recipes                list them
python -m platform.recipes show NAME      one as YAML, which python -m platform.search --config runs
python -m platform.recipes diff A B       the fields in which two differ
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from platform.config.file import flat_fields, to_yaml
from platform.config.recipes import listing, recipe
from platform.config.run import RunConfig
from platform.terminal.command_line import run
from platform.terminal.errors import UsageError

PROGRAM = "python -m platform.recipes"
NOT_THERE = "(none)"


def difference(one: RunConfig, other: RunConfig) -> list[tuple[str, str, str]]:
    """The fields that differ: dotted name, value in each; "(none)" where one has no such field."""
    before, after = flat_fields(one), flat_fields(other)
    return [
        (name, str(before.get(name, NOT_THERE)), str(after.get(name, NOT_THERE)))
        for name in dict.fromkeys([*before, *after])
        if before.get(name, NOT_THERE) != after.get(name, NOT_THERE)
    ]


def main(arguments: list[str]) -> int:
    match arguments:
        case []:
            print("\n".join(listing()))
        case ["-h" | "--help"]:
            print((__doc__ or "").strip())
        case ["show", name]:
            print(to_yaml(recipe(name)), end="")
        case ["diff", one, other]:
            print(_table([("", one, other), *difference(recipe(one), recipe(other))]))
        case _:
            raise UsageError(
                f"what follows {PROGRAM} must be nothing, show NAME or diff A B, but it is: "
                f"{' '.join(arguments)}"
            )
    return 0


def _table(lines: Sequence[tuple[str, ...]]) -> str:
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    padded = ([cell.ljust(width) for cell, width in zip(line, widths, strict=True)] for line in lines)
    return "\n".join("  ".join(line).rstrip() for line in padded)


if __name__ == "__main__":
    sys.exit(run(main, sys.argv[1:]))

"""``vipnas COMMAND ...``: every module in ``platform`` itself is a command, run as ``python -m`` runs it."""

from __future__ import annotations

import ast
import pkgutil
import runpy
import sys
from collections.abc import Mapping
from importlib.abc import InspectLoader
from importlib.util import find_spec

import platform
from platform.terminal.errors import UsageError
from platform.terminal.suggestions import unknown


def main(arguments: list[str]) -> int:
    """Runs the command that the first argument names, with the others; it ends by SystemExit."""
    if not arguments or arguments[0] in ("-h", "--help"):
        print(commands_overview())
        return 0
    name, *rest = arguments
    if name not in commands():
        raise UsageError(unknown("command", name, commands()))
    sys.argv = [name, *rest]
    runpy.run_module(f"{platform.__name__}.{name}", run_name="__main__", alter_sys=True)
    return 0


def commands_overview() -> str:
    """What --help prints: a line for each command."""
    width = max(map(len, commands())) + 2
    return "\n".join(
        (
            "usage: vipnas COMMAND [...]",
            "       vipnas --version",
            "",
            "vipnas COMMAND is python -m platform.COMMAND. Its arguments: vipnas COMMAND --help",
            "",
            "commands:",
            *(f"  {name:<{width}}{purpose}" for name, purpose in commands().items()),
        )
    )


def commands() -> Mapping[str, str]:
    """The commands' names, and what each is for: the first line of its docstring, which is read, not run."""
    return {
        module.name: _purpose(module.name)
        for module in pkgutil.iter_modules(platform.__path__)
        if not module.ispkg and not module.name.startswith("_")
    }


def _purpose(name: str) -> str:
    """A command's first sentence without the example that may follow; empty where there is no source."""
    spec = find_spec(f"{platform.__name__}.{name}")
    loader = spec.loader if spec else None
    source = loader.get_source(f"{platform.__name__}.{name}") if isinstance(loader, InspectLoader) else None
    said = ast.get_docstring(ast.parse(source or "")) or ""
    return said.partition("\n")[0].partition(": python -m")[0].rstrip(".:")

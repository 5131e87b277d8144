"""The refusal of a folder of the user's own that hides a package of ours.

``python -m`` looks into the current directory first, and ``analysis``, ``workers`` and ``spaces`` are names
that a project may well have there.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.machinery import PathFinder
from pathlib import Path

PACKAGES = ("spaces", "workers", "analysis")


def refuse_shadows(path: Sequence[str]) -> None:
    """Ends the program with one line and exit code 2 where `path` has another folder or file before ours."""
    home = Path(__file__).parents[2]
    for name in PACKAGES:
        found = shadow(name, home.parent if home.name == "vipnas_path" else home, path)
        if found is not None:
            print(f"error: {_told(name, found)}", file=sys.stderr)
            sys.exit(2)  # as for every error that a person can mend


def shadow(name: str, home: Path, path: Sequence[str]) -> Path | None:
    """What `path` has in place of the package `name` in the folder `home`; None where that is what it has.

    None too where `home` has no such file, as in a zip archive or a frozen program: then nothing is certain.
    """
    ours = home / name / "__init__.py"
    spec = PathFinder.find_spec(name, path)
    if not ours.is_file() or spec is None or not spec.has_location or spec.origin is None:
        return None
    found = Path(spec.origin)
    if found.exists() and found.samefile(ours):
        return None
    return found.parent if found.stem == "__init__" else found


def _told(name: str, found: Path) -> str:
    place = found.absolute().parent
    what = "Run from another directory" if place == Path.cwd() else f"Take {place} off PYTHONPATH"
    return f"{found.absolute()} hides the package {name!r} that this command needs. {what}, or rename it."

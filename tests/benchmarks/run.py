"""Runs the benchmarks, prints their figures as a table and writes them to bench.json.

``python -m tests.benchmarks.run [NAME]`` runs every bench_*.py of this folder, or bench_NAME.py alone, and
``python -m tests.benchmarks.run --compare [NAME]`` the compare_*.py, which take too long to go with them.
Ends with 1 when a figure misses its target or a benchmark fails, and with 2 when there is no benchmark NAME.
"""

from __future__ import annotations

import importlib.util
import json
import math
import os
import sys
import traceback
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from types import ModuleType

from rich.console import Console
from rich.table import Table

from tests.benchmarks.figure import Figure

FOLDER = Path(__file__).parent
OUTPUT = Path("bench.json")
LONG = "--compare"


def found(folder: Path, kind: str = "bench") -> dict[str, Path]:
    """The benchmarks of a folder by name: bench_layers.py is ``layers``."""
    return {path.stem.removeprefix(f"{kind}_"): path for path in sorted(folder.glob(f"{kind}_*.py"))}


def measure(path: Path) -> list[Figure]:
    """The figures of one benchmark; one that fails gives a single figure that does not hold."""
    try:
        return list(_load(path).measure())
    except Exception:
        traceback.print_exc()
        return [Figure(name=path.stem, figure=None, unit="", target="runs to its end", holds=False)]


def write(figures: Sequence[Figure], path: Path) -> None:
    """Writes a JSON list, one object a figure; a reader never sees half a file."""
    part = path.with_name(path.name + ".part")
    rows = [asdict(figure) | {"figure": _finite(figure.figure)} for figure in figures]
    part.write_text(json.dumps(rows, indent=2, allow_nan=False) + "\n")
    os.replace(part, path)


def table(figures: Sequence[Figure]) -> Table:
    """The figures for a person to read."""
    rows = Table("name", "figure", "unit", "target", "holds")
    rows.columns[1].justify = "right"
    for figure in figures:
        number = "" if figure.figure is None else f"{figure.figure:.4g}"
        rows.add_row(figure.name, number, figure.unit, figure.target, "yes" if figure.holds else "NO")
    return rows


def main(arguments: list[str], folder: Path = FOLDER, output: Path = OUTPUT) -> int:
    """Runs what ``arguments`` name, everything when empty, and returns the exit code."""
    kind, arguments = ("compare", arguments[1:]) if arguments[:1] == [LONG] else ("bench", arguments)
    known = found(folder, kind)
    unknown = sorted(set(arguments) - known.keys())
    if unknown:
        print(f"no benchmark {', '.join(unknown)}; known: {', '.join(known) or 'none'}", file=sys.stderr)
        return 2
    figures: list[Figure] = []
    for name in arguments or known:
        figures += measure(known[name])
        write(figures, output)
    write(figures, output)
    Console().print(table(figures))
    return 0 if all(figure.holds for figure in figures) else 1


def _load(path: Path) -> ModuleType:
    """Imports a file under the name it has from the checkout's root, so that its functions can be pickled."""
    spec = importlib.util.spec_from_file_location(f"tests.benchmarks.{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _finite(number: float | None) -> float | None:
    return number if number is not None and math.isfinite(number) else None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

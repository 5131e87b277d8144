"""The house in figures: floors, chains of imports, imports against the order, modules a folder.

python -m tests.layout [CHECKOUT]    prints them
"""

from __future__ import annotations

import ast
import re
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Set
from functools import cache
from pathlib import Path

PACKAGES = ("spaces", "workers", "platform", "analysis")
ORDER = (
    "terminal", "results", "config", "tracking", "feasible", "latencies", "run", "samplers", "training",
    "trials", "stages", "comparison",
)  # fmt: skip

Graph = Mapping[str, frozenset[str]]


def modules(root: Path) -> dict[str, Path]:
    """The dotted names of all modules under the four packages, and their files; packages themselves too."""
    return {
        _dotted(path.relative_to(root)): path
        for package in PACKAGES
        for path in sorted((root / package).rglob("*.py"))
        if "install" not in path.relative_to(root).parts
    }


def imports(root: Path) -> Graph:
    """What each module imports of these packages, wherever in the file, by dotted module names."""
    files = modules(root)
    return {
        name: frozenset(_imported(ast.parse(path.read_text()), files.keys())) - {name}
        for name, path in files.items()
    }


def longest_chain(graph: Graph, package: str = "") -> int:
    """The number of modules in the longest chain of imports, of those whose name begins with `package`."""
    inside = {name for name in graph if name.startswith(package)}

    @cache
    def depth(name: str) -> int:
        return 1 + max((depth(other) for other in graph[name] & inside), default=0)

    return max(depth(name) for name in inside)


def up_imports(graph: Graph, order: tuple[str, ...] = ORDER) -> list[str]:
    """Every import in `platform/` of a folder that stands later in `order`, or of a command."""
    found = []
    for name in sorted(graph):
        if not name.startswith("platform."):
            continue
        for other in sorted(graph[name]):
            if other.startswith("platform.") and _floor(other, order) > _floor(name, order):
                found.append(f"{name} imports {other}")
            elif is_command(name) and is_command(other):
                found.append(f"{name} imports {other}, and both are commands")
    return found


def folder_cycles(graph: Graph, package: str) -> list[str]:
    """Pairs of folders under `package`, at any depth below one parent, that import each other."""
    edges = {
        (ours, theirs)
        for name, others in graph.items()
        for other in others
        for ours, theirs in _parting(name, other)
        if ours.startswith(package)
    }
    return sorted(f"{one} <-> {other}" for one, other in edges if one < other and (other, one) in edges)


def is_command(name: str) -> bool:
    return name.count(".") == 1 and name.startswith("platform.") and name.partition(".")[2] not in ORDER


def floors(graph: Graph) -> int:
    """On how many floors `platform/` stands, by who imports whom: its folders, and each module beside them.

    Rooms that import each other, also by others, stand on one floor.
    """
    rooms = {name: _room(name) for name in graph if name.startswith("platform.")}
    below: dict[str, set[str]] = {room: set() for room in rooms.values()}
    for name, room in rooms.items():
        below[room] |= {rooms[other] for other in graph[name] if other in rooms} - {room}
    under = {room: _all_below(room, below) for room in below}

    @cache
    def floor(room: str) -> int:
        return 1 + max((floor(other) for other in under[room] if room not in under[other]), default=0)

    return max(floor(room) for room in below)


def folder_sizes(root: Path) -> Counter[str]:
    """Modules in each folder of `platform/` and `workers/`, beside `__init__.py`."""
    return Counter(
        str(path.parent.relative_to(root))
        for package in ("platform", "workers")
        for path in (root / package).rglob("*.py")
        if path.name != "__init__.py"
    )


def with_context(root: Path, graph: Graph) -> list[str]:
    """The modules that name the run's context: one that imports `platform.run.context`."""
    return sorted(name for name, others in graph.items() if "platform.run.context" in others)


def top_level_names(root: Path) -> dict[str, list[str]]:
    """Every public function, class and constant of the packages, and the modules that define it."""
    found: dict[str, list[str]] = {}
    for module, path in modules(root).items():
        for name in _defined(ast.parse(path.read_text())):
            if not name.startswith("_"):
                found.setdefault(name, []).append(module)
    return found


def unused_names(root: Path) -> list[str]:
    """Public top-level names that nothing in the packages, in their README files or notebooks mentions again.

    What only tests use is among them. A name counts wherever it stands, so a few are missed; none is wrong.
    """
    files = [path for package in PACKAGES for path in (root / package).rglob("*")]
    texts = [path.read_text() for path in files if path.suffix in (".py", ".md", ".ipynb")]
    words = Counter(word for text in texts for word in re.findall(r"\w+", text))
    names = top_level_names(root)
    return sorted(f"{where[0]}.{name}" for name, where in names.items() if words[name] <= len(where))


def _defined(tree: ast.Module) -> Iterator[str]:
    """The names of a module's functions, classes and constants; a type variable is none of them."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            yield node.target.id
        elif isinstance(node, ast.Assign) and not _is_type_variable(node.value):
            yield from (target.id for target in node.targets if isinstance(target, ast.Name))


def _is_type_variable(value: ast.expr) -> bool:
    return isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id == "TypeVar"


def _dotted(path: Path) -> str:
    parts = path.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _imported(tree: ast.Module, names: Set[str]) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for alias in node.names:
                full = f"{node.module}.{alias.name}"
                yield from ({full} if full in names else {node.module} & names)
        elif isinstance(node, ast.Import):
            yield from ({alias.name for alias in node.names} & names)


def _room(name: str) -> str:
    return ".".join(name.split(".")[:2])


def _all_below(room: str, below: Mapping[str, Set[str]]) -> set[str]:
    found, new = set[str](), set(below[room])
    while new:
        found |= new
        new = {other for one in new for other in below[one]} - found
    return found


def _floor(name: str, order: tuple[str, ...]) -> int:
    folder = name.split(".")[1]
    return order.index(folder) if folder in order else len(order)


def _parting(one: str, other: str) -> Iterator[tuple[str, str]]:
    """The two sibling folders at which the paths of two modules part, if both go on below them."""
    for depth, (ours, theirs) in enumerate(zip(one.split("."), other.split("."), strict=False)):
        if ours != theirs:
            a, b = one.split("."), other.split(".")
            if len(a) > depth + 1 and len(b) > depth + 1:
                yield ".".join(a[: depth + 1]), ".".join(b[: depth + 1])
            return


def main(root: Path) -> None:
    graph = imports(root)
    sizes = folder_sizes(root).most_common(3)
    print(f"floors of platform/: {floors(graph)}")
    inside, over_all = longest_chain(graph, "platform"), longest_chain(graph)
    print(f"longest chain of imports: {inside} in platform/, {over_all} in all")
    print(f"imports against the order in platform/: {len(up_imports(graph))}")
    print(
        f"folders that import each other: {sum(len(folder_cycles(graph, package)) for package in PACKAGES)}"
    )
    print(f"most modules in a folder: {', '.join(f'{folder} {size}' for folder, size in sizes)}")
    print(f"modules through which a run's context passes: {len(with_context(root, graph))}")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "."))

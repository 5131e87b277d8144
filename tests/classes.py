"""Which classes of a source tree are neither abstract nor final, read off the sources."""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import final

OF_THEIR_OWN = {"Exception", "Enum", "IntEnum", "StrEnum", "TypedDict", "NamedTuple"}
PACKAGES = ("spaces", "workers", "platform", "analysis")

Key = tuple[str, str]  # module, class


@final
@dataclass(frozen=True)
class Found:
    """A class statement; a base that is no class of the tree has the module ""."""

    file: Path
    node: ast.ClassDef
    bases: tuple[Key, ...]

    @property
    def final(self) -> bool:
        return any(_name(each) == "final" for each in self.node.decorator_list)

    @property
    def abstract_methods(self) -> set[str]:
        return {
            node.name
            for node in self.node.body
            if isinstance(node, ast.FunctionDef)
            and any(_name(each) == "abstractmethod" for each in node.decorator_list)
        }

    @property
    def methods(self) -> set[str]:
        return {node.name for node in self.node.body if isinstance(node, ast.FunctionDef)}


def classes(root: Path) -> dict[Key, Found]:
    """Every class of the four packages and the tests under `root`, by module and name."""
    files = (path for package in (*PACKAGES, "tests") for path in sorted((root / package).rglob("*.py")))
    return {key: found for path in files for key, found in _of_file(root, path)}


def open_classes(known: Mapping[Key, Found], package: str) -> list[str]:
    """One line for every class of `package` that is neither, with what it would have to be."""
    parents = {base for found in known.values() for base in found.bases}
    lines = []
    for key, found in known.items():
        if key[0].split(".")[0] != package or _of_its_own(key, known):
            continue
        if (line := _complaint(key, found, known, key in parents)) is not None:
            lines.append(f"{'.'.join(key)} {line}")
    return lines


def _complaint(key: Key, found: Found, known: Mapping[Key, Found], subclassed: bool) -> str | None:
    protocol = ("", "Protocol") in found.bases
    if subclassed and not protocol and not _abstract_in(key, known):
        return "is subclassed, so it must be abstract"
    if not subclassed and not protocol and not found.final:
        return "is not subclassed, so it must be @final"
    return None


def _of_its_own(key: Key, known: Mapping[Key, Found]) -> bool:
    """An exception, an enumeration, a typed dictionary or a named tuple."""
    if key not in known:
        return key[1] in OF_THEIR_OWN
    return any(_of_its_own(base, known) for base in known[key].bases)


def _abstract_in(key: Key, known: Mapping[Key, Found]) -> set[str]:
    """The methods that a class leaves to its subclasses."""
    if key not in known:
        return set()
    inherited = {name for base in known[key].bases for name in _abstract_in(base, known)}
    return (inherited - known[key].methods) | known[key].abstract_methods


def _of_file(root: Path, path: Path) -> Iterator[tuple[Key, Found]]:
    module = ".".join(path.relative_to(root).with_suffix("").parts)
    tree = ast.parse(path.read_text())
    nodes = [node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    places = {node.name: (module, node.name) for node in nodes}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            places |= {alias.asname or alias.name: (node.module, alias.name) for alias in node.names}
    inside = {place for place in places.values() if place[0].split(".")[0] in (*PACKAGES, "tests")}
    for node in nodes:
        bases = (places.get(_name(base), ("", _name(base))) for base in node.bases)
        known = tuple(base if base in inside else ("", base[1]) for base in bases)
        yield (module, node.name), Found(path, node, known)


def _name(node: ast.expr) -> str:
    """The last name of an expression such as `nn.Module`, `Protocol[C]` or `dataclass(frozen=True)`."""
    while isinstance(node, ast.Subscript | ast.Call):
        node = node.value if isinstance(node, ast.Subscript) else node.func
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")

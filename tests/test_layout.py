"""Imports point one way, and the root holds what the design names."""

from __future__ import annotations

import ast
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import layout

MOST_MODULES = 14  # in one folder, beside __init__.py
EVERY_HELP = """
import contextlib, io, runpy, sys
for name in sys.argv[1:]:
    sys.argv = [name, "--help"]
    said = io.StringIO()
    try:
        with contextlib.redirect_stdout(said):
            runpy.run_module(name, run_name="__main__", alter_sys=True)
        code = 0
    except SystemExit as ended:
        code = ended.code or 0
    print(name, code, len(said.getvalue()) > 100)
print(sorted({"torch", "ray", "mlflow", "optuna"} & sys.modules.keys()))
"""

MET_TWICE = {"main", "run", "PROGRAM", "STAGE"}  # every command and every stage has its own
BOTH_SIDES = {"Column", "Direction", "READ_ATTEMPTS"}  # of the trials table: analysis imports no writer
FOR_LIBRARY_USERS = {"workers.data.detections.read_detections"}  # no command reads PoseTrack18 by a detector

MAY_IMPORT = {
    "spaces": {"spaces"},
    "workers": {"spaces", "workers"},
    "platform": {"spaces", "workers", "platform", "analysis"},
    "analysis": {"analysis"},
}
ROOT_NAMES = {"platform", "spaces", "workers", "analysis", "cluster", "tests", "findings"} | {
    "pyproject.toml",
    "CITATION.cff",
    "README.md",
    "Makefile",
    "LICENSE",
    "CHANGELOG.md",
}


def violations(root: Path) -> list[str]:
    """Every import under ``root`` that points the wrong way, as 'file:line: package imports other'."""
    return [
        f"{path.relative_to(root)}:{line}: {package} imports {imported}"
        for package, allowed in MAY_IMPORT.items()
        for path in sorted((root / package).rglob("*.py"))
        for line, imported in _imports(ast.parse(path.read_text(), filename=str(path)))
        if imported in MAY_IMPORT.keys() - allowed
    ]


def _imports(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """The line and the top-level package of every import, but for names of the standard ``platform``."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            modules = [alias.name for alias in node.names if alias.name != "platform"]
            yield from ((node.lineno, module.partition(".")[0]) for module in modules)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            names = {alias.name for alias in node.names}
            if not (node.module == "platform" and names <= STANDARD_NAMES):
                yield node.lineno, node.module.partition(".")[0]


def _standard_names() -> set[str]:
    tree = ast.parse((Path(sysconfig.get_path("stdlib")) / "platform.py").read_text())
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)}


STANDARD_NAMES = _standard_names()


def test_imports_point_one_way(checkout: Path) -> None:
    assert violations(checkout) == []


@pytest.mark.parametrize(
    ("file", "source", "found"),
    [
        ("spaces/cost.py", "import workers.data.codec", ["1: spaces imports workers"]),
        ("spaces/deep/conv.py", "from platform import search", ["1: spaces imports platform"]),
        ("workers/train.py", "def f():\n    import platform.search", ["2: workers imports platform"]),
        ("workers/train.py", "from analysis.pareto import front", ["1: workers imports analysis"]),
        ("analysis/report.py", "from spaces import registry", ["1: analysis imports spaces"]),
        ("workers/train.py", "import platform\nfrom platform import system\nimport spaces.cost", []),
        ("platform/report.py", "from analysis.pareto import front\nimport workers.data, spaces", []),
        ("analysis/report.py", "from .spaces import registry\nimport spaces_of_others", []),
    ],
)
def test_the_check_finds_every_form_of_import(
    tmp_path: Path, file: str, source: str, found: list[str]
) -> None:
    (tmp_path / file).parent.mkdir(parents=True)
    (tmp_path / file).write_text(source)

    assert violations(tmp_path) == [f"{file}:{violation}" for violation in found]


@pytest.mark.parametrize("package", ["spaces", "workers", "analysis"])
def test_importing_a_package_loads_no_part_it_must_not_know(checkout: Path, package: str) -> None:
    forbidden = sorted(MAY_IMPORT.keys() - MAY_IMPORT[package])
    code = f"""
import importlib, pkgutil, sys, {package}
for module in pkgutil.walk_packages({package}.__path__, "{package}."):
    importlib.import_module(module.name)
print(sorted(name for name in sys.modules for other in {forbidden} if name.startswith(other + ".")))
"""
    command = [sys.executable, "-c", code]
    run = subprocess.run(command, cwd=checkout, capture_output=True, text=True, check=False)

    assert run.returncode == 0, run.stderr
    assert run.stdout.strip() == "[]"


def test_the_root_holds_only_what_the_design_names(checkout: Path) -> None:
    listing = subprocess.run(
        ["git", "ls-files", "-z"], cwd=checkout, capture_output=True, text=True, check=False
    )
    if listing.returncode:
        pytest.skip("needs a git checkout to know which files are part of the repository")
    tracked = {name.partition("/")[0] for name in listing.stdout.split("\0") if name}

    assert {name for name in tracked if not name.startswith(".")} <= ROOT_NAMES


@pytest.fixture(scope="module")
def graph(checkout: Path) -> layout.Graph:
    return layout.imports(checkout)


def test_folders_of_platform_import_only_those_named_before_them(graph: layout.Graph) -> None:
    assert layout.up_imports(graph) == []


def test_every_folder_of_platform_has_its_place_in_the_order(checkout: Path) -> None:
    folders = {path.parent.name for path in (checkout / "platform").glob("*/__init__.py")}

    assert folders == set(layout.ORDER)


@pytest.mark.parametrize("package", ["spaces", "workers", "platform", "analysis"])
def test_no_two_folders_import_each_other(graph: layout.Graph, package: str) -> None:
    assert layout.folder_cycles(graph, package) == []


def test_a_folder_of_platform_or_workers_holds_few_modules(checkout: Path) -> None:
    sizes = layout.folder_sizes(checkout)

    assert {folder: size for folder, size in sizes.items() if size > MOST_MODULES} == {}


def test_every_module_in_platform_itself_is_a_command_that_explains_itself(
    checkout: Path, graph: layout.Graph
) -> None:
    commands = sorted(name for name in graph if layout.is_command(name) and not name.endswith("__"))
    command = [sys.executable, "-c", EVERY_HELP, *commands]
    run = subprocess.run(command, cwd=checkout, capture_output=True, text=True, check=False)

    assert run.returncode == 0, run.stderr
    *explained, loaded = run.stdout.splitlines()
    assert explained == [f"{name} 0 True" for name in commands]
    assert loaded == "[]", "help and a mistyped flag wait for no library that takes seconds"


def test_no_submodule_has_the_name_of_something_in_the_standard_module(checkout: Path) -> None:
    files = (checkout / "platform").iterdir()

    assert {path.stem for path in files if path.suffix == ".py" or path.is_dir()} & STANDARD_NAMES == set()


@pytest.mark.parametrize(
    ("file", "source", "found"),
    [
        ("run/folder.py", "from platform.stages import report", "run.folder imports platform.stages.report"),
        ("run/folder.py", "def f():\n    import platform.search", "run.folder imports platform.search"),
        ("merge.py", "from platform import search", "merge imports platform.search, and both are commands"),
        ("stages/report.py", "from platform.run.folder import RunFolder", None),
    ],
)
def test_the_check_finds_imports_against_the_order(
    tmp_path: Path, file: str, source: str, found: str | None
) -> None:
    for name in ("run/folder.py", "stages/report.py", "search.py", "merge.py"):
        path = tmp_path / "platform" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source if name == file else "")

    assert layout.up_imports(layout.imports(tmp_path)) == ([f"platform.{found}"] if found else [])


def test_nothing_public_is_used_by_tests_alone(checkout: Path) -> None:
    assert set(layout.unused_names(checkout)) <= FOR_LIBRARY_USERS


def test_no_public_name_is_met_twice(checkout: Path) -> None:
    names = layout.top_level_names(checkout)

    assert {name: where for name, where in names.items() if len(where) > 1}.keys() <= MET_TWICE | BOTH_SIDES


def test_the_checks_of_names_find_what_is_unused_and_what_is_met_twice(tmp_path: Path) -> None:
    for file, source in {
        "spaces/one.py": "LEAST = 1\ndef used(): ...\ndef alone(): ...\ndef _hidden(): ...",
        "workers/two.py": "from spaces.one import used\nLEAST: int = 2\nC = TypeVar('C')\nused(LEAST)",
        "tests/test_one.py": "from spaces.one import alone\nalone()",
    }.items():
        (tmp_path / file).parent.mkdir(exist_ok=True)
        (tmp_path / file).write_text(source)

    assert layout.unused_names(tmp_path) == ["spaces.one.alone"]
    assert layout.top_level_names(tmp_path)["LEAST"] == ["spaces.one", "workers.two"]
    assert "C" not in layout.top_level_names(tmp_path)

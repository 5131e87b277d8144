"""`platform` is the standard library's module and more, in the driver and in Ray workers."""

from __future__ import annotations

import os
import pickle
import py_compile
import runpy
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from collections.abc import Iterator
from pathlib import Path
from types import FunctionType, ModuleType

import coverage
import pytest
import ray

import platform

STANDARD_FILE = Path(sysconfig.get_path("stdlib")) / "platform.py"
MODULE_ITSELF = {"__file__", "__doc__", "__spec__", "__loader__", "__path__", "__package__", "__builtins__"}


@pytest.fixture(scope="module")
def standard() -> ModuleType:
    """The standard module, loaded from its file beside ours."""
    module = ModuleType("platform")
    exec(compile(STANDARD_FILE.read_text(), str(STANDARD_FILE), "exec", dont_inherit=True), vars(module))
    return module


@pytest.fixture(scope="module")
def local_ray(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    ray.init(
        address="local", num_cpus=1, object_store_memory=80 * 2**20, include_dashboard=False,
        log_to_driver=False,
    )  # fmt: skip
    yield
    ray.shutdown()


def _run(*arguments: str, cwd: Path) -> str:
    run = subprocess.run([sys.executable, *arguments], cwd=cwd, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    return run.stdout.strip()


def test_bare_pytest_sees_our_package(checkout: Path) -> None:
    assert list(platform.__path__) == [str(checkout / "platform")]
    assert platform.__file__ == str(checkout / "platform" / "__init__.py")
    assert platform.__spec__ is not None
    assert platform.__spec__.submodule_search_locations == platform.__path__


def test_every_name_of_the_standard_module_is_here_with_the_same_code(standard: ModuleType) -> None:
    for name in vars(standard).keys() - MODULE_ITSELF:
        assert hasattr(platform, name), name
    for name, value in vars(standard).items():
        if isinstance(value, FunctionType):
            assert getattr(platform, name).__code__ == value.__code__, name


@pytest.mark.parametrize(
    "question", ["system", "machine", "node", "python_version", "python_implementation", "platform", "uname"]
)
def test_the_answers_are_the_standard_modules(standard: ModuleType, question: str) -> None:
    assert getattr(platform, question)() == getattr(standard, question)()


def test_its_values_survive_pickling() -> None:
    assert pickle.loads(pickle.dumps(platform.uname())) == platform.uname()
    assert pickle.loads(pickle.dumps(platform.system)) is platform.system


def test_the_documentation_tells_of_both() -> None:
    assert platform.__doc__ is not None
    assert platform.__doc__.startswith("The driver of ViPNAS")
    assert "This module tries to retrieve as much platform-identifying data as" in platform.__doc__


def test_run_as_a_program_it_prints_what_the_standard_module_prints(checkout: Path, tmp_path: Path) -> None:
    for arguments in ([], ["terse"]):
        expected = _run("-I", "-S", "-m", "platform", *arguments, cwd=tmp_path)

        assert _run("-m", "platform", *arguments, cwd=checkout) == expected


def test_it_costs_no_more_modules_than_the_standard_one(checkout: Path, tmp_path: Path) -> None:
    code = "import platform, sys; print(platform.__file__); print(*sys.modules)"
    file, loaded = _run("-S", "-c", code, cwd=checkout).splitlines()
    standard_file, standard_loaded = _run("-I", "-S", "-c", code, cwd=tmp_path).splitlines()

    assert (file, standard_file) == (str(checkout / "platform" / "__init__.py"), str(STANDARD_FILE))
    assert set(loaded.split()) == set(standard_loaded.split())


def test_pip_runs_inside_the_checkout(checkout: Path) -> None:
    assert _run("-m", "pip", "--version", cwd=checkout).startswith("pip ")


def test_ray_workers_have_every_name_too(local_ray: None, standard: ModuleType) -> None:
    @ray.remote(num_cpus=1)
    def ask() -> tuple[set[str], str]:
        import platform

        return set(dir(platform)), platform.system()

    names, system = ray.get(ask.remote())

    assert system == platform.system() == standard.system()
    public = {name for name in vars(standard) if not name.startswith("_")}
    assert public <= names
    assert public <= set(dir(platform))


@pytest.fixture
def place(request: pytest.FixtureRequest, checkout: Path, tmp_path: Path) -> tuple[Path, Path]:
    """The folder or archive that has the standard module's code, and the folder of our package."""
    found, home = tmp_path / "found", tmp_path / "home"
    (home / "platform").mkdir(parents=True)
    shutil.copy(checkout / "platform" / "__init__.py", home / "platform")
    found.mkdir()
    match request.param:
        case "compiled":
            py_compile.compile(str(STANDARD_FILE), str(found / "platform.pyc"))
        case "archive":
            found = tmp_path / "python311.zip"
            with zipfile.ZipFile(found, "w") as archive:
                archive.write(STANDARD_FILE, "platform.py")
        case "PyInstaller's":
            shutil.copy(STANDARD_FILE, home / "platform")
    return found, home


def _without_the_standard_file(found: Path, home: Path) -> subprocess.CompletedProcess[str]:
    """Imports `platform` where the standard library's folder has no such file, as in an embedded Python."""
    code = f"""
import collections, functools, itertools, os, re, struct, subprocess, sys, zipimport, zlib
os.__file__ = {str(home.parent / "nowhere" / "os.py")!r}
sys.path[:] = [{str(home)!r}, {str(found)!r}]
import platform
print(platform.__path__ == [{str(home / "platform")!r}], platform.system(), platform.python_version())
"""
    command = [sys.executable, "-I", "-S", "-c", code]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("place", ["compiled", "archive", "PyInstaller's"], indirect=True)
def test_the_standard_code_is_found_where_its_file_is_not_with_the_library(
    place: tuple[Path, Path], standard: ModuleType
) -> None:
    run = _without_the_standard_file(*place)

    assert run.stdout == f"True {standard.system()} {standard.python_version()}\n", run.stderr


@pytest.mark.parametrize("place", ["nowhere"], indirect=True)
def test_where_it_is_nowhere_the_error_says_what_is_missing(place: tuple[Path, Path]) -> None:
    run = _without_the_standard_file(*place)

    assert run.returncode == 1
    assert run.stderr.splitlines()[-1] == (
        f"ImportError: the standard library's 'platform' must lie in {place[1].parent / 'nowhere'}, and is "
        "nowhere that this Python imports from. Run with a complete Python 3.11."
    )


def test_our_package_may_itself_lie_in_an_archive(checkout: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "ours.zip", "w") as archive:
        archive.write(checkout / "platform" / "__init__.py", "platform/__init__.py")
    code = f"import sys; sys.path.insert(0, {str(tmp_path / 'ours.zip')!r}); import platform; "
    said = _run("-I", "-S", "-c", f"{code}print(platform.__file__, platform.system())", cwd=tmp_path)

    assert said == f"{tmp_path / 'ours.zip' / 'platform' / '__init__.py'} {platform.system()}"


def test_pyinstaller_is_told_to_pack_the_standard_source_beside_ours(checkout: Path) -> None:
    """PyInstaller calls the entry point `hook-dirs` and runs the hook of a module that a program imports."""
    ours = runpy.run_path(str(checkout / "platform" / "install" / "vipnas.py"))
    (folder,) = ours["hook_dirs"]()
    hook = runpy.run_path(str(Path(folder) / "hook-platform.py"))

    assert hook["datas"] == [(str(STANDARD_FILE), "platform")]


OLD_LINE = (  # of 0.1.0
    'import os, sys; home = os.path.join(sys._getframe(1).f_locals["sitedir"], "vipnas_path"); '
    "spot = sys.path.index(os.path.dirname(os.__file__)); "
    "home in sys.path[:spot] or sys.path.insert(spot, home)\n"
)


@pytest.fixture
def site(checkout: Path, tmp_path: Path) -> Path:
    """A site-packages folder with our package and coverage's own path line, which imports `platform`."""
    folder = tmp_path / "site"
    (folder / "vipnas_path").mkdir(parents=True)
    (folder / "vipnas_path" / "platform").symlink_to(checkout / "platform")
    libraries = Path(coverage.__file__).parents[1]
    shutil.copy(libraries / "a1_coverage.pth", folder)
    (folder / "00-libraries.pth").write_text(f"{libraries}\n")
    return folder


def _imported_with_coverage(site: Path) -> str:
    settings = site.parent / "coverage.ini"
    settings.write_text(f"[run]\ndata_file = {site.parent / 'measured'}\n")
    code = (
        f"import site, sys; site.addsitedir({str(site)!r}); assert 'coverage' in sys.modules; "
        "import platform; print(getattr(platform, '__path__', None))"
    )
    run = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code], env=os.environ | {"COVERAGE_PROCESS_START": str(settings)},
        cwd=site.parent, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert not run.stderr
    return run.stdout.strip()


@pytest.mark.parametrize(
    ("name", "old"),
    [("00-vipnas.pth", False), ("00-vipnas.pth", True), ("zz-vipnas.pth", False)],
    ids=["first", "first, an older version's left behind", "last"],
)
def test_coverages_path_line_does_not_take_our_package_away(
    name: str, old: bool, checkout: Path, site: Path
) -> None:
    shutil.copy(checkout / "platform" / "install" / "00-vipnas.pth", site / name)
    if old:
        (site / "vipnas.pth").write_text(OLD_LINE)

    assert _imported_with_coverage(site) == str([str(site / "vipnas_path" / "platform")])


def test_it_did_where_our_line_was_the_old_one(site: Path) -> None:
    (site / "vipnas.pth").write_text(OLD_LINE)

    assert _imported_with_coverage(site) == "None"


def test_our_path_lines_name_sorts_before_all_that_are_installed(checkout: Path) -> None:
    installed = {path.name for path in Path(sysconfig.get_path("purelib")).glob("*.pth")}

    assert min({*installed, "00-vipnas.pth"}) == "00-vipnas.pth"
    assert [path.name for path in (checkout / "platform" / "install").glob("*.pth")] == ["00-vipnas.pth"]


def _path_line(site: Path) -> str:
    """Processes a folder's .pth files twice, as site does when two of its entries name one folder."""
    return (
        f"import site, sys; before = set(sys.modules); site.addsitedir({str(site)!r}); "
        f"site.addsitedir({str(site)!r}); print(set(sys.modules) - before); print(*sys.path, sep=chr(10))"
    )


def test_the_path_line_puts_the_folder_once_right_before_the_standard_library(
    checkout: Path, tmp_path: Path
) -> None:
    (tmp_path / "00-vipnas.pth").write_text((checkout / "platform" / "install" / "00-vipnas.pth").read_text())
    loaded, *path = _run("-I", "-c", _path_line(tmp_path), cwd=tmp_path).split("\n")

    home = str(tmp_path / "vipnas_path")
    assert path.count(home) == 1
    assert path[path.index(home) + 1] == os.path.dirname(os.__file__)
    assert loaded == "set()"


def test_the_path_line_is_one_line(checkout: Path) -> None:
    line = (checkout / "platform" / "install" / "00-vipnas.pth").read_text()

    assert line.startswith("import ")
    assert line.count("\n") == 1
    assert line.endswith("\n")

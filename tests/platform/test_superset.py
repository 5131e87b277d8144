"""`platform` is the standard library's module and more, in the driver and in Ray workers."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path
from types import FunctionType, ModuleType

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


def test_it_costs_no_more_modules_than_the_standard_one_and_sysconfig(checkout: Path, tmp_path: Path) -> None:
    code = "import platform, sys; print(platform.__file__); print(*sys.modules)"
    file, loaded = _run("-S", "-c", code, cwd=checkout).splitlines()
    standard_file, standard_loaded = _run("-I", "-S", "-c", code, cwd=tmp_path).splitlines()

    assert (file, standard_file) == (str(checkout / "platform" / "__init__.py"), str(STANDARD_FILE))
    extra = set(loaded.split()) - set(standard_loaded.split())
    assert {name.partition(".")[0].partition("data_")[0] for name in extra} <= {
        "sysconfig",
        "_sysconfig",
        "importlib",
        "warnings",
    }


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

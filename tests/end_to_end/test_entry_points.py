"""Every way the README names to start a search, each with real processes.

The recipe ``tiny`` is a whole search that takes seconds. Two ways, in a checkout and as a job that uploads
one, go all of it; the others begin with the supernet that a whole run left, and search with Ray workers.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from tests.end_to_end.environment import Environment, build_wheel, install, make_environment
from tests.end_to_end.tiny_run import SCORES, TinyRun, assert_equal_weights
from tests.end_to_end.token_cluster import TokenCluster, token_cluster

SEARCH = ("python", "-m", "platform.search", "tiny", "--storage")
UPLOAD_LIMIT_BYTES = 8 * 2**20


@pytest.fixture(scope="module")
def wheel(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_wheel(checkout, tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """An environment with the package, installed from its wheel."""
    environment = make_environment(tmp_path_factory.mktemp("installed"))
    install(environment, wheel)
    return environment


@pytest.fixture
def bare_cluster(bare: Environment) -> Iterator[TokenCluster]:
    with token_cluster(bare) as cluster:
        yield cluster


@pytest.fixture(scope="module")
def installed_cluster(installed: Environment) -> Iterator[TokenCluster]:
    with token_cluster(installed) as cluster:
        yield cluster


@pytest.fixture(scope="module")
def search_alone(whole_run: tuple[TinyRun, str], tracking_uri: str) -> tuple[str, ...]:
    """Arguments for two trials, with the supernet of a run that was there before."""
    warm = ("--warm-start", str(whole_run[0].folder), "--tracking-uri", tracking_uri)
    return ("--stages", "data", "spatial_search", "report", "--search.trials", "2", *warm)


def assert_searched(said: str, run: TinyRun, trials: int) -> None:
    """It showed a front and left the rows that it scored; the best of all, taken over or not, is its best."""
    assert "pareto" in said.lower(), said
    assert run.table()["status"].tolist() == ["finished"] * trials
    assert json.loads((run.folder / "best.json").read_text())["ap"] == run.table()["ap"].max()


def assert_ran_on(cluster: TokenCluster, cwd: Path) -> None:
    """The job's driver joined the cluster: Ray gives the number of its job only then."""
    jobs = cluster.job("list", cwd=cwd).stdout
    assert "driver_exit_code=0" in jobs, jobs
    assert "job_id='" in jobs, jobs


def test_the_wheel_holds_the_packages_and_the_path_line(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()

    tops = {name.partition("/")[0] for name in names}
    path_files, metadata = {"00-vipnas.pth", "vipnas.py"}, "vipnas-0.2.0.dist-info"
    assert tops == {"vipnas_path", "spaces", "workers", "analysis", metadata} | path_files
    assert "vipnas_path/platform/__init__.py" in names
    assert [name for name in names if "/install/" in name] == [
        "vipnas_path/platform/install/hook-platform.py"
    ]
    assert not [name for name in names if "__pycache__" in name]


def test_the_wheel_says_that_its_packages_are_typed(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        typed = {name for name in archive.namelist() if name.endswith("/py.typed")}

    assert typed == {
        f"{place}/py.typed" for place in ("vipnas_path/platform", "spaces", "workers", "analysis")
    }


def test_a_checkout_searches_without_an_installation(whole_run: tuple[TinyRun, str]) -> None:
    run, said = whole_run

    assert_searched(said, run, trials=4)


def test_an_environment_without_the_package_has_the_standard_module(
    bare: Environment, tmp_path: Path
) -> None:
    run = bare.run("python", "-c", "import platform; print(hasattr(platform, '__path__'))", cwd=tmp_path)

    assert run.stdout == "False\n"


def test_an_installed_package_is_before_the_standard_module_in_every_directory(
    installed: Environment, tmp_path: Path
) -> None:
    code = "import platform; print(platform.__file__); print(platform.system())"
    for flags in ([], ["-I"], ["-P"]):
        file, system = installed.run("python", *flags, "-c", code, cwd=tmp_path).stdout.splitlines()

        assert Path(file).is_relative_to(installed.home)
        assert file.endswith("vipnas_path/platform/__init__.py")
        assert system == "Linux"


def test_an_installed_package_searches_from_another_directory(
    installed: Environment, search_alone: tuple[str, ...], tmp_path: Path
) -> None:
    run = TinyRun(installed, tmp_path, tmp_path / "runs")

    assert_searched(run.finish(*search_alone), run, trials=2)


def test_an_installed_package_has_the_console_script(installed: Environment, tmp_path: Path) -> None:
    listed = installed.run("vipnas", "--help", cwd=tmp_path)
    shown = installed.run("vipnas", "recipes", "show", "smok", cwd=tmp_path)

    assert (listed.returncode, shown.returncode) == (0, 2)
    assert "\n  search " in listed.stdout
    assert shown.stdout.startswith("error: no recipe 'smok'; smoke?")
    for command in (("vipnas",), ("vipnas", "convert"), ("python", "-m", "platform.convert")):
        assert installed.run(*command, "--version", cwd=tmp_path).stdout == "vipnas 0.2.0\n"


def test_a_folder_of_the_users_own_hides_ours_from_a_module_and_not_from_the_script(
    installed: Environment, tmp_path: Path
) -> None:
    (tmp_path / "analysis.py").write_text("raise RuntimeError\n")
    module = installed.run("python", "-m", "platform.convert", "--help", cwd=tmp_path)
    script = installed.run("vipnas", "convert", "--help", cwd=tmp_path)

    assert (module.returncode, script.returncode) == (2, 0)
    assert module.stdout.startswith(f"error: {tmp_path / 'analysis.py'} hides the package 'analysis'")
    assert module.stdout.count("\n") == 1


def test_a_target_folder_that_no_path_line_is_read_in_has_a_working_script(
    wheel: Path, bare: Environment, tmp_path: Path
) -> None:
    target = tmp_path / "target"
    install(bare, "--target", target, wheel)
    path = {"PYTHONPATH": str(target)}
    script = bare.run("python", target / "bin" / "vipnas", "convert", "--help", cwd=tmp_path, variables=path)
    module = bare.run("python", "-m", "vipnas", "--version", cwd=tmp_path, variables=path)

    assert script.returncode == 0, script.stdout
    assert module.stdout == "vipnas 0.2.0\n"


def test_an_editable_installation_uses_the_checkout(checkout: Path, tmp_path: Path) -> None:
    environment = make_environment(tmp_path / "editable")
    install(environment, "--editable", checkout)
    code = "import platform, workers; print(platform.__file__); print(workers.__file__)"

    run = environment.run("python", "-c", code, cwd=tmp_path)
    version = environment.run("vipnas", "--version", cwd=tmp_path)

    expected = [str(checkout / package / "__init__.py") for package in ("platform", "workers")]
    assert run.stdout.splitlines() == expected
    assert version.stdout.startswith("vipnas 0.2.0")


def test_a_job_uploads_a_checkout_to_a_cluster_that_has_no_package(
    bare_cluster: TokenCluster, whole_run: tuple[TinyRun, str], checkout: Path, tmp_path: Path
) -> None:
    """It trains the same supernet there, and finds the same."""
    run, here = TinyRun(bare_cluster.environment, checkout, tmp_path / "runs"), whole_run[0]
    job = bare_cluster.job("submit", "--working-dir", ".", "--", *SEARCH, str(run.storage), cwd=checkout)

    assert job.returncode == 0, job.stdout
    assert_searched(job.stdout, run, trials=4)
    assert_ran_on(bare_cluster, tmp_path)
    assert_equal_weights(run.supernet, here.supernet)
    pd.testing.assert_frame_equal(run.table()[SCORES], here.table()[SCORES])
    (upload,) = bare_cluster.uploads
    assert not (upload / ".venv").exists()
    assert sum(path.stat().st_size for path in upload.rglob("*")) < UPLOAD_LIMIT_BYTES


def test_a_cluster_with_the_package_needs_no_working_directory(
    installed_cluster: TokenCluster, search_alone: tuple[str, ...], tmp_path: Path
) -> None:
    run = TinyRun(installed_cluster.environment, tmp_path, tmp_path / "runs")
    job = installed_cluster.job("submit", "--", *SEARCH, str(run.storage), *search_alone, cwd=tmp_path)

    assert job.returncode == 0, job.stdout
    assert_searched(job.stdout, run, trials=2)
    assert_ran_on(installed_cluster, tmp_path)


def test_a_job_without_the_token_is_refused(installed_cluster: TokenCluster, tmp_path: Path) -> None:
    run = installed_cluster.job("submit", "--", "python", "--version", cwd=tmp_path, RAY_AUTH_MODE="disabled")

    assert run.returncode != 0
    assert "401" in run.stdout or "token" in run.stdout.lower()

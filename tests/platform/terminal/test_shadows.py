"""A folder of the user's own by the name of one of ours: one line that names it, no traceback."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from platform.terminal.shadows import PACKAGES, shadow


def command(*arguments: str, cwd: Path, path: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments], cwd=cwd, env=os.environ | {"PYTHONPATH": path}, capture_output=True,
        text=True, check=False,
    )  # fmt: skip


@pytest.mark.parametrize("hiding", [*(f"{name}/__init__.py" for name in PACKAGES), "analysis.py"])
def test_what_hides_a_package_in_the_current_directory_is_named_in_one_line(
    hiding: str, checkout: Path, tmp_path: Path
) -> None:
    (tmp_path / hiding).parent.mkdir(exist_ok=True)
    (tmp_path / hiding).write_text("raise RuntimeError('the user's own')\n")
    named = tmp_path / hiding.removesuffix("/__init__.py")
    package = named.stem

    run = command("-m", "platform.merge", "--help", cwd=tmp_path, path=str(checkout))

    assert (run.returncode, run.stdout) == (2, "")
    assert run.stderr == (
        f"error: {named} hides the package {package!r} that this command needs. "
        "Run from another directory, or rename it.\n"
    )


def test_what_hides_a_package_elsewhere_on_the_path_is_named_too(checkout: Path, tmp_path: Path) -> None:
    (tmp_path / "workers.py").write_text("")
    (tmp_path / "here").mkdir()
    path = f"{tmp_path}{os.pathsep}{checkout}"

    run = command("-m", "platform.recipes", cwd=tmp_path / "here", path=path)

    assert run.returncode == 2
    assert run.stderr == (
        f"error: {tmp_path / 'workers.py'} hides the package 'workers' that this command needs. "
        f"Take {tmp_path} off PYTHONPATH, or rename it.\n"
    )


def test_every_command_refuses(checkout: Path, tmp_path: Path) -> None:
    (tmp_path / "spaces.py").write_text("")
    commands = sorted(path.stem for path in (checkout / "platform").glob("*.py") if path.stem[0] != "_")
    assert len(commands) > 10

    for name in commands:
        run = command("-m", f"platform.{name}", "--help", cwd=tmp_path, path=str(checkout))
        assert (run.returncode, run.stderr.count("\n")) == (2, 1), run.stderr


@pytest.mark.parametrize(
    "program", [("-m", "json.tool", "--help"), ("-c", "import platform"), ("-m", "platform")]
)
def test_programs_that_are_not_ours_are_left_alone(
    program: tuple[str, ...], checkout: Path, tmp_path: Path
) -> None:
    (tmp_path / "analysis.py").write_text("")

    run = command(*program, cwd=tmp_path, path=str(checkout))

    assert (run.returncode, run.stderr) == (0, "")


def test_a_folder_without_code_hides_nothing(checkout: Path, tmp_path: Path) -> None:
    for name in PACKAGES:
        (tmp_path / name).mkdir()

    assert command("-m", "platform.convert", "--help", cwd=tmp_path, path=str(checkout)).returncode == 0


def test_the_checkouts_own_packages_hide_nothing_by_whatever_name_it_is_reached(
    checkout: Path, tmp_path: Path
) -> None:
    (tmp_path / "link").symlink_to(checkout)
    for name in PACKAGES:
        for path in (checkout, tmp_path / "link"):
            assert shadow(name, checkout, [str(path)]) is None
    assert (
        command("-m", "platform.convert", "--help", cwd=checkout, path=str(tmp_path / "link")).returncode == 0
    )


def test_where_ours_is_not_known_nothing_is_said(tmp_path: Path) -> None:
    (tmp_path / "analysis.py").write_text("")

    assert shadow("analysis", tmp_path / "archive.zip", [str(tmp_path)]) is None

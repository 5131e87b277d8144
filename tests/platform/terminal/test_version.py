"""Which version says that it runs."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from platform.terminal.command_line import run
from platform.terminal.version import git, version

SETTINGS = '[project]\nname = "vipnas"\nversion = "9.8.7"\n'


def test_a_checkout_says_its_own_version_whatever_is_installed(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(SETTINGS)

    assert version(tmp_path) == "vipnas 9.8.7"


def test_a_git_checkout_says_its_commit_too(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(SETTINGS)
    identity = ("-c", "user.name=x", "-c", "user.email=x@example.org")
    git(tmp_path, "init", "--quiet")
    git(tmp_path, *identity, "commit", "--quiet", "--allow-empty", "--message", "first")

    assert version(tmp_path) == f"vipnas 9.8.7 (commit {git(tmp_path, 'rev-parse', '--short', 'HEAD')})"


def test_a_folder_inside_another_checkout_does_not_say_that_ones_commit(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    (tmp_path / "unpacked").mkdir()
    (tmp_path / "unpacked" / "pyproject.toml").write_text(SETTINGS)

    assert version(tmp_path / "unpacked") == "vipnas 9.8.7"


def test_an_installation_says_what_is_installed(checkout: Path, tmp_path: Path) -> None:
    installed = tmp_path / "vipnas-5.4.3.dist-info"
    installed.mkdir()
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: vipnas\nVersion: 5.4.3\n")
    code = f"""
import sys; sys.path.insert(0, {str(tmp_path)!r})
from pathlib import Path
from platform.terminal.version import version
print(version(Path({str(tmp_path)!r})))
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout == "vipnas 5.4.3\n"


def test_where_git_has_nothing_to_say_there_is_none(tmp_path: Path) -> None:
    assert git(tmp_path, "rev-parse", "HEAD") is None


def test_every_command_prints_the_version_and_does_nothing_else(
    checkout: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(lambda _: pytest.fail("it ran"), ["smoke", "--version"]) == 0

    project = tomllib.loads((checkout / "pyproject.toml").read_text())["project"]
    assert capsys.readouterr().out.startswith(f"vipnas {project['version']}")

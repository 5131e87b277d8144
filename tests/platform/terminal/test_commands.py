"""The console script: `vipnas COMMAND` is `python -m platform.COMMAND`."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from platform.terminal.commands import commands, main
from tests.platform.refused import refusal


def vipnas(checkout: Path, cwd: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The script's module, as a program, with the checkout before the standard library."""
    script = str(checkout / "platform" / "install" / "vipnas.py")
    environment = os.environ | {"PYTHONPATH": str(checkout)}
    return subprocess.run(
        [sys.executable, script, *arguments], cwd=cwd, env=environment, capture_output=True, text=True,
        check=False,
    )  # fmt: skip


def test_the_commands_are_the_modules_in_platform_itself(checkout: Path) -> None:
    assert set(commands()) == {
        path.stem for path in (checkout / "platform").glob("*.py") if not path.stem.startswith("_")
    }
    assert {"search", "merge", "export", "recipes"} <= set(commands())


def test_help_has_a_line_for_each_command_with_what_it_is_for(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    text = capsys.readouterr().out

    assert main([]) == 0
    assert capsys.readouterr().out == text
    listed = text.partition("commands:\n")[2].splitlines()
    assert [line.split()[0] for line in listed] == list(commands())
    assert all(len(line.split()) > 4 for line in listed)
    assert "python -m platform." not in text.partition("commands:\n")[2]


def test_listing_the_commands_imports_none(checkout: Path) -> None:
    code = (
        "import sys; from platform.terminal.commands import main; main([]); "
        "sys.exit(any(name in sys.modules for name in ('torch', 'ray', 'platform.search', 'platform.merge')))"
    )
    run = subprocess.run([sys.executable, "-c", code], cwd=checkout, capture_output=True, check=False)

    assert run.returncode == 0, run.stderr


def test_an_unknown_command_is_answered_with_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    assert "no command 'serch'; search? The known ones are: compare, " in refusal(main, capsys, ["serch"])


def test_a_command_prints_and_ends_as_it_does_by_its_module(checkout: Path, tmp_path: Path) -> None:
    for arguments in (["convert", "--help"], ["convert", "--sorce", "x"], ["evaluate", "coco"]):
        name, *rest = arguments
        by_module = subprocess.run(
            [sys.executable, "-m", f"platform.{name}", *rest], cwd=checkout, capture_output=True, text=True,
            check=False,
        )  # fmt: skip
        run = vipnas(checkout, tmp_path, *arguments)

        assert (run.returncode, run.stdout, run.stderr) == (
            by_module.returncode, by_module.stdout, by_module.stderr
        )  # fmt: skip


def test_the_version_is_that_of_every_command(checkout: Path, tmp_path: Path) -> None:
    run, command = vipnas(checkout, tmp_path, "--version"), vipnas(checkout, tmp_path, "convert", "--version")

    assert run.returncode == command.returncode == 0
    assert run.stdout == command.stdout
    assert run.stdout.startswith("vipnas ")


def test_the_current_directory_hides_nothing_from_the_script(checkout: Path, tmp_path: Path) -> None:
    (tmp_path / "analysis.py").write_text("raise RuntimeError\n")

    assert vipnas(checkout, tmp_path, "convert", "--help").returncode == 0

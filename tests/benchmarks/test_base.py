"""A base commit's tree: which one is taken, and programs that run in it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.benchmarks.base import READY, BaseError, Tree, base_tree
from tests.benchmarks.figure import exponent


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A checkout of one commit, with an environment that has this one's Python."""
    git = ["git", "-C", str(tmp_path), "-c", "user.name=a", "-c", "user.email=a@b"]
    subprocess.run([*git, "init", "--quiet"], check=True)
    subprocess.run([*git, "commit", "--quiet", "--allow-empty", "-m", "first"], check=True)
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    (tmp_path / ".venv" / "bin" / "python").symlink_to(sys.executable)
    return tmp_path


def test_a_tree_that_is_ready_is_taken_where_it_is_of_the_commit(
    tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(READY, str(tree))
    head = subprocess.check_output(["git", "-C", str(tree), "rev-parse", "HEAD"], text=True).strip()
    assert base_tree(head[:7]) == Tree(tree)
    with pytest.raises(BaseError, match=f"must be a checkout of 0000000, but it is one of {head}"):
        base_tree("0000000")


def test_a_program_runs_in_the_tree_and_its_last_line_is_what_it_says(tree: Path, tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text("import os, sys\nprint('words')\nprint([len(sys.argv), '.' in sys.path].count(True))")
    assert Tree(tree).run(program, ["a"], 60) == 0
    program.write_text("import time\ntime.sleep(60)")
    assert Tree(tree).run(program, [], 0.2) is None
    program.write_text("raise OSError('no such thing')")
    with pytest.raises(BaseError, match="no such thing"):
        Tree(tree).run(program, [], 60)


def test_the_exponent_is_two_where_twice_as_many_take_four_times_as_long() -> None:
    assert exponent({1000: 1.0, 2000: 4.0}) == pytest.approx(2)
    assert exponent({1000: 3.0, 4000: 3.0}) == pytest.approx(0)

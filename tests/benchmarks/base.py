"""A base commit beside this tree: its files in a git worktree, its libraries in an environment of its own.

`base_tree(COMMIT)` makes both once, by that commit's own `make setup` and so with its own pins, and keeps
them in the user's cache; the first time takes minutes. VIPNAS_BASE names a tree of the commit that is ready.
What is measured runs as another process: no module of one tree is ever imported by the other.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
READY = "VIPNAS_BASE"


class BaseError(Exception):
    """A base tree that cannot be had, or a program of it that failed."""


@dataclass(frozen=True, slots=True)
class Tree:
    """A checkout with its environment in `.venv`."""

    path: Path

    def run(self, script: Path, words: Sequence[str], timeout_s: float) -> Any:
        """The JSON of the last line that the script prints; None where it takes longer than `timeout_s`.

        The script may lie in another tree: what it imports is this one's. Raises BaseError where it fails.
        """
        command = [str(self.path / ".venv" / "bin" / "python"), "-P", str(script), *words]
        try:
            ended = subprocess.run(
                command, cwd=self.path, env=_environment(), capture_output=True, text=True, timeout=timeout_s
            )
        except subprocess.TimeoutExpired:
            return None
        if ended.returncode:
            raise BaseError(f"{' '.join(command)} in {self.path} ended with:\n{ended.stderr[-2000:]}")
        return json.loads(ended.stdout.splitlines()[-1])


def this_tree() -> Tree:
    return Tree(ROOT)


def base_tree(commit: str) -> Tree:
    """A tree of the commit, made where there is none. Raises BaseError where VIPNAS_BASE is of another."""
    named = os.environ.get(READY)
    path = _cache() / commit if named is None else Path(named).resolve()
    if named is None:
        _make(path, commit)
    if not (found := _git(path, "rev-parse", "HEAD")).startswith(commit):
        raise BaseError(f"{path} must be a checkout of {commit}, but it is one of {found}. Unset {READY}.")
    return Tree(path)


def _make(path: Path, commit: str) -> None:
    """A killed run's half tree is whole after the next one: git and make do what is left."""
    if not (path / ".git").exists():
        shutil.rmtree(path, ignore_errors=True)
        _git(ROOT, "worktree", "prune")
        _git(ROOT, "worktree", "add", "--detach", str(path), commit)
    subprocess.run(["make", "setup", f"PYTHON={sys.executable}"], cwd=path, env=_environment(), check=True)


def _git(folder: Path, *words: str) -> str:
    ended = subprocess.run(["git", "-C", str(folder), *words], capture_output=True, text=True)
    if ended.returncode:
        raise BaseError(f"git {' '.join(words)} in {folder} ended with:\n{ended.stderr}")
    return ended.stdout.strip()


def _cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "vipnas" / "base"


def _environment() -> dict[str, str]:
    """Without what would lead one tree's Python or make into the other's, on one thread."""
    others = ("PYTHONPATH", "VIRTUAL_ENV", "MAKEFLAGS", "MAKELEVEL")
    return {name: value for name, value in os.environ.items() if name not in others} | {
        "OMP_NUM_THREADS": "1"
    }

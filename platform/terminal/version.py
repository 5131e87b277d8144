"""Which version runs: of the checkout, or of what is installed."""

from __future__ import annotations

import subprocess
import tomllib
from importlib import metadata
from pathlib import Path

DISTRIBUTION = "vipnas"
ROOT = Path(__file__).parents[2]  # of a checkout


def version(root: Path = ROOT) -> str:
    """As ``vipnas 0.2.0 (commit 13ffa1a)``; no commit where the code is not in a git checkout.

    A checkout's own pyproject.toml comes first: its code is what runs, whatever else is installed.
    """
    settings = root / "pyproject.toml"
    if not settings.is_file():
        return f"{DISTRIBUTION} {metadata.version(DISTRIBUTION)}"
    said = f"{DISTRIBUTION} {tomllib.loads(settings.read_text(encoding='utf-8'))['project']['version']}"
    commit = git(root, "rev-parse", "--short", "HEAD") if (root / ".git").exists() else None
    return f"{said} (commit {commit})" if commit else said


def git(folder: Path, *words: str) -> str | None:
    """What git says of the checkout around `folder`; None where there is none, or no git."""
    try:
        done = subprocess.run(["git", "-C", str(folder), *words], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.strip()

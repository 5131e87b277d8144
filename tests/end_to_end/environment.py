"""Environments to run the platform in: this one, and empty ones, made in a second.

A fresh venv takes the libraries of the running environment by a path line, so that they are not installed
anew. Python reads no .pth file of a folder added that way: what an installation of `vipnas` leaves there has
no effect, and the package is in the venv only where its wheel is installed.
"""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Environment:
    """A venv and the variables its programs run with."""

    home: Path
    variables: dict[str, str]

    @property
    def python(self) -> str:
        return str(self.home / "bin" / "python")

    def run(
        self,
        *command: str | Path,
        cwd: Path,
        variables: Mapping[str, str] | None = None,
        timeout_s: float = 240,
    ) -> subprocess.CompletedProcess[str]:
        """Runs a program of the environment; its two streams come back as one."""
        return subprocess.run(
            [str(part) for part in command],
            cwd=cwd,
            env=self.variables | dict(variables or {}),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=timeout_s,
            check=False,
        )


def this_environment() -> Environment:
    """The running one, as a command finds it that no Ray has started."""
    variables = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
    return Environment(Path(sys.prefix), variables)


def make_environment(home: Path) -> Environment:
    """A venv with the libraries and the ``ray`` command, without the package."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(home)], check=True)
    site = Path(sysconfig.get_path("purelib", vars={"base": str(home), "platbase": str(home)}))
    (site / "libraries.pth").write_text(sysconfig.get_path("purelib") + "\n")
    ray = home / "bin" / "ray"
    ray.write_text(f"#!{home}/bin/python\nfrom ray.scripts.scripts import main\nmain()\n")
    ray.chmod(0o755)
    variables = {name: value for name, value in os.environ.items() if not name.startswith(("RAY_", "PYTHON"))}
    variables |= {"PATH": f"{home}/bin{os.pathsep}{os.environ['PATH']}", "RAY_USAGE_STATS_ENABLED": "0"}
    return Environment(home, variables)


def build_wheel(checkout: Path, folder: Path) -> Path:
    """The wheel of the checkout, built with the running environment's hatchling."""
    _pip("wheel", "--no-build-isolation", "--wheel-dir", folder, checkout)
    return next(folder.glob("vipnas-*.whl"))


def install(environment: Environment, *what: str | Path) -> None:
    """Installs the package alone (a wheel, or ``--editable`` and the checkout), as pip does."""
    _pip("--python", environment.python, "install", "--no-build-isolation", *what)


def _pip(*arguments: str | Path) -> None:
    command = [sys.executable, "-m", "pip", *arguments, "--no-deps", "--disable-pip-version-check"]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr

"""A Ray cluster of one machine that asks for a token, beside any other Ray on the machine."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tests.end_to_end.drivers import WAIT_S
from tests.end_to_end.environment import Environment
from tests.ports import free_ports

MARK = "VIPNAS_TEST_CLUSTER"


@dataclass(frozen=True, slots=True)
class TokenCluster:
    """A running head; ``variables`` is what a client needs to reach it with the token."""

    environment: Environment
    folder: Path
    variables: dict[str, str]

    @property
    def uploads(self) -> list[Path]:
        """The working directories that jobs have uploaded, unpacked."""
        return [path for path in self.folder.glob("ray/session_2*/**/working_dir_files/*") if path.is_dir()]

    def job(self, *arguments: str, cwd: Path, **variables: str) -> subprocess.CompletedProcess[str]:
        """``ray job ARGUMENTS`` with the token; ``submit`` comes back at the job's end."""
        return self.environment.run(
            "ray", "job", *arguments, cwd=cwd, variables=self.variables | variables, timeout_s=WAIT_S
        )


@contextmanager
def token_cluster(environment: Environment) -> Iterator[TokenCluster]:
    """Starts a head on free ports in its own folder, and ends every process that came of it."""
    folder = Path(tempfile.mkdtemp(prefix="vipnas"))  # short: sockets lie in it, and their paths are limited
    (folder / "token").write_text(secrets.token_hex(32))
    gcs, dashboard, client, agent = free_ports(4)
    token = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN_PATH": str(folder / "token")}
    options = {
        "--node-ip-address": "127.0.0.1",
        "--port": gcs,
        "--dashboard-port": dashboard,
        "--ray-client-server-port": client,
        "--dashboard-agent-listen-port": agent,
        "--min-worker-port": 0,
        "--max-worker-port": 0,
        "--num-cpus": 2,
        "--object-store-memory": 200 * 2**20,
        "--temp-dir": folder / "ray",
    }
    with (folder / "log").open("w") as log:
        head = subprocess.Popen(
            ["ray", "start", "--head", "--block", *(f"{name}={value}" for name, value in options.items())],
            executable=environment.home / "bin" / "ray",
            cwd=folder,
            env=environment.variables | token | {MARK: str(folder)},
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        address = f"http://127.0.0.1:{dashboard}"
        _wait_for(address, head, folder / "log")
        yield TokenCluster(environment, folder, token | {"RAY_API_SERVER_ADDRESS": address})
    finally:
        _end(head, folder)


def _wait_for(address: str, head: subprocess.Popen[bytes], log: Path, limit_s: float = 90) -> None:
    """Waits until the dashboard answers, be it that a token is missing."""
    deadline = time.monotonic() + limit_s
    while time.monotonic() < deadline and head.poll() is None:
        try:
            urllib.request.urlopen(f"{address}/api/version", timeout=5).close()
            return
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.2)
    raise RuntimeError(f"the head must answer at {address} within {limit_s:g} s; its log:\n{log.read_text()}")


def _end(head: subprocess.Popen[bytes], folder: Path) -> None:
    """Kills them all: to end by itself, a head takes twenty seconds and more."""
    for _ in range(50):
        left = _processes_of(folder)
        if not left:
            break
        for process in left:
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        time.sleep(0.1)
    head.wait(timeout=10)
    shutil.rmtree(folder, ignore_errors=True)
    assert not _processes_of(folder), "a process of the cluster outlived it"


def _processes_of(folder: Path) -> list[int]:
    """The living processes that inherited the cluster's mark."""
    mark = f"{MARK}={folder}".encode()
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if mark in (entry / "environ").read_bytes().split(b"\0"):
                found.append(int(entry.name))
    return found

"""A run with passwords and keys planted wherever a person may give them: nothing that it leaves has them."""

from __future__ import annotations

import shutil
import stat
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.end_to_end.environment import Environment, this_environment
from tests.platform.mlflow_server import MlflowServer
from tests.ports import free_ports
from tests.s3 import s3_server

KEYS = {
    "AWS_ACCESS_KEY_ID": "pLantedAwsId",
    "AWS_SECRET_ACCESS_KEY": "pLantedAwsSecret",
    "AWS_SESSION_TOKEN": "pLantedAwsSession",
    "MLFLOW_TRACKING_TOKEN": "pLantedMlflowToken",
    "OPENAI_API_KEY": "pLantedOther",
}
PLANTED = "pLanted"
SMALL = ("--search.trials", "1", "--train.epochs", "1", "--resources.slots", "1", "--data.made.clips", "4")


@dataclass(frozen=True)
class Planted:
    """What a run with planted secrets left and printed."""

    environment: Environment
    left: Path
    """All that its processes wrote lies here, Ray's sessions and the server's database too."""
    said: str

    @property
    def folder(self) -> Path:
        return self.left / "runs" / "tiny"


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    """What to append to an s3:// address to reach a real object store."""
    with s3_server() as options:
        yield f"{options}&allow_bucket_creation=true"


@pytest.fixture(scope="module")
def planted(s3: str) -> Iterator[Planted]:
    """One trial of recipe tiny, tracked by a real server, its checkpoints in a real object store."""
    left = Path(tempfile.mkdtemp(prefix="vs", dir="/tmp"))  # Ray's sockets want short paths
    environment = this_environment()
    environment.variables.update(KEYS, RAY_TMPDIR=str(left / "ray"), TMPDIR=str(left))
    server = MlflowServer(left)
    try:
        server.start()
        ran = environment.run(
            environment.python, "-m", "platform.search", "tiny", "--storage", "runs", *SMALL,
            "--tracking-uri", f"http://me:pLantedTracking@127.0.0.1:{server.port}",
            "--checkpoints-uri", f"s3://me:pLantedCheckpoints@runs/mine{s3}",
            cwd=left, timeout_s=900,
        )  # fmt: skip
        assert ran.returncode == 0, ran.stdout
        yield Planted(environment, left, ran.stdout)
    finally:
        server.kill()
        shutil.rmtree(left, ignore_errors=True)


def with_planted(folder: Path) -> list[str]:
    """The files below a folder that hold a planted secret, or have one in their name."""
    files = (path for path in folder.rglob("*") if path.is_file())  # Ray's sockets are none
    return sorted(
        str(path.relative_to(folder))
        for path in files
        if PLANTED.encode() in path.read_bytes() or PLANTED in path.name
    )


def test_no_byte_that_the_run_wrote_or_printed_has_a_planted_secret(planted: Planted) -> None:
    assert PLANTED not in planted.said
    assert (planted.left / "server.db").stat().st_size > 0
    assert any(planted.left.glob("ray/ray/session_*/logs/*.out"))
    assert with_planted(planted.left) == []


def test_what_could_hold_a_secret_is_its_owners_alone(planted: Planted) -> None:
    for name in ("config.yaml", "environment.json", "tracking.jsonl"):
        assert stat.S_IMODE((planted.folder / name).stat().st_mode) == 0o600, name
    assert stat.S_IMODE((planted.folder / "ray").stat().st_mode) == 0o700


def test_errors_of_a_server_that_is_away_and_of_a_mistyped_flag_have_no_secret(planted: Planted) -> None:
    (port,) = free_ports(1)
    python, run = planted.environment.python, planted.environment.run
    away = f"http://me:pLantedTracking@127.0.0.1:{port}"
    track = run(
        python, "-m", "platform.track", planted.folder, "--tracking-uri", away, "--wait-s", "1",
        cwd=planted.left,
    )  # fmt: skip
    assert track.returncode == 1
    assert f"http://me:***@127.0.0.1:{port}" in track.stdout
    mistyped = run(
        python, "-m", "platform.search", "--config", planted.folder / "config.yaml", "--trackin-uri", away,
        cwd=planted.left,
    )  # fmt: skip
    assert mistyped.returncode == 2
    assert PLANTED not in track.stdout + mistyped.stdout
    assert with_planted(planted.left) == []

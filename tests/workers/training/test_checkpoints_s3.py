"""Checkpoints in an object store: a real S3 protocol, spoken by moto's server on loopback."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch
from pyarrow.fs import FileSystem

from tests.s3 import s3_server
from workers.errors import TrainingError
from workers.training.checkpoints import CheckpointStore


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    """What to append to an s3:// address to reach the server."""
    with s3_server() as options:
        yield options


@pytest.fixture
def uri(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> str:
    for name, value in (("ACCESS_KEY_ID", "id"), ("SECRET_ACCESS_KEY", "secret"), ("REGION", "us-east-1")):
        monkeypatch.setenv(f"AWS_{name}", value)
    return f"s3://runs/mine/spatial_train{endpoint}&allow_bucket_creation=true"


def test_the_last_and_the_best_stay_and_the_newest_is_read_back(uri: str) -> None:
    store = CheckpointStore(uri, keep=1)
    for step, loss in ((1, 3.0), (2, 1.0), (3, 2.0), (4, 2.5)):
        store.save(step, {"weight": torch.full((300,), float(step))}, {"loss": loss})
    again = CheckpointStore(uri, keep=1)
    assert again.steps() == [2, 4]
    newest = again.newest(pytest.fail)
    assert newest is not None
    assert newest.step == 4
    assert torch.equal(newest.state["weight"], torch.full((300,), 4.0))


def test_a_truncated_newest_checkpoint_is_passed_over(uri: str) -> None:
    store = CheckpointStore(uri, keep=2)
    for step in (5, 6):
        store.save(step, {"step": step}, {})
    files, folder = FileSystem.from_uri(uri)
    with files.open_output_stream(f"{folder}/step-000000006.pt") as stream:
        stream.write(b"half")
    said: list[str] = []
    newest = store.newest(said.append)
    assert newest is not None
    assert newest.step == 5
    assert "step-000000006 is damaged (4 bytes of" in said[0]


def test_a_bucket_that_cannot_be_had_is_said_at_once(uri: str, endpoint: str) -> None:
    with pytest.raises(TrainingError, match="checkpoints need a folder that can be written to"):
        CheckpointStore(f"s3://nobodys/mine{endpoint}", keep=1)

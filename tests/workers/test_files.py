from __future__ import annotations

import os
import resource
import subprocess
from pathlib import Path

import pytest

from workers.errors import DataError
from workers.files import visible, whole_file


def test_a_disk_that_takes_no_more_is_one_line_and_leaves_what_was_there(tmp_path: Path) -> None:
    """A limit on the size of files takes as little as a full disk does."""
    path = tmp_path / "poses.json"
    path.write_text("before")

    def written() -> None:
        with whole_file(path) as draft:
            draft.write_bytes(bytes(20_000))

    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, hard))
    try:
        with pytest.raises(DataError, match=r"poses.json must be written, but: File too large. Make room"):
            written()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert [(each.name, each.read_text()) for each in tmp_path.iterdir()] == [("poses.json", "before")]


def test_drafts_of_killed_processes_go_and_those_of_others_stay(tmp_path: Path) -> None:
    ended = subprocess.Popen(["true"])
    ended.wait()
    (tmp_path / f".a.json.{ended.pid}.part").write_text("half")
    kept = [f".a.json.{os.getpid()}.part", ".mine.part", f".a.json.{ended.pid}@elsewhere.part"]
    for name in kept:
        (tmp_path / name).write_text("half")
    with whole_file(tmp_path / "a.json") as draft:
        draft.write_text("whole")
    assert {path.name for path in tmp_path.iterdir()} == {"a.json", *kept}


def test_a_folder_in_a_files_place_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.json").mkdir()
    with (
        pytest.raises(DataError, match=r"a\.json must be a file .* it is a folder"),
        whole_file(tmp_path / "a.json"),
    ):
        pass


def test_hidden_files_are_not_listed(tmp_path: Path) -> None:
    for name in ("b.json", "a.json", "._a.json"):
        (tmp_path / name).write_text("")
    assert [path.name for path in visible(tmp_path, "*.json")] == ["a.json", "b.json"]

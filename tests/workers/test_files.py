from __future__ import annotations

import resource
from pathlib import Path

import pytest

from workers.errors import DataError
from workers.files import whole_file


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

from __future__ import annotations

import os
from pathlib import Path

import pytest

from workers.data.pictures.files import Fence, NotAFileError, read_plain_file


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "data" / "inner").mkdir(parents=True)
    (tmp_path / "data" / "a.jpg").touch()
    (tmp_path / "secret.jpg").touch()
    return tmp_path / "data"


@pytest.mark.parametrize("name", ["a.jpg", "inner/b.jpg", "inner/../a.jpg", "./a.jpg", "gone/away.jpg"])
def test_names_inside_the_root_are_held(root: Path, name: str) -> None:
    assert Fence(root).holds(str(root / name))
    assert Fence(root).holds(os.path.join(root, name))


@pytest.mark.parametrize(
    "name", ["../secret.jpg", "/etc/passwd", "inner/../../secret.jpg", "..", "inner/..", "../data2/a.jpg", ""]
)
def test_names_that_leave_the_root_are_not(root: Path, name: str) -> None:
    assert not Fence(root).holds(os.path.join(root, name))


def test_links_count_by_where_they_lead(root: Path, tmp_path: Path) -> None:
    (root / "out.jpg").symlink_to(tmp_path / "secret.jpg")
    (root / "in.jpg").symlink_to(root / "a.jpg")
    (root / "away").symlink_to(tmp_path)
    (root / "loop.jpg").symlink_to(root / "loop.jpg")
    fence = Fence(root)
    assert fence.holds(str(root / "in.jpg"))
    assert not fence.holds(str(root / "out.jpg"))
    assert not fence.holds(str(root / "away" / "secret.jpg"))
    assert fence.holds(str(root / "away" / "data" / "a.jpg"))
    with pytest.raises(OSError, match="symbolic links"):
        read_plain_file(str(root / "loop.jpg"))


def test_a_root_that_is_a_link_itself_is_the_users_choice(root: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(root)
    assert Fence(tmp_path / "link").holds(str(tmp_path / "link" / "a.jpg"))


def test_a_folder_beside_the_root_that_begins_like_it_is_outside(root: Path, tmp_path: Path) -> None:
    (tmp_path / "data-of-others").mkdir()
    assert not Fence(root).holds(str(tmp_path / "data-of-others" / "a.jpg"))


@pytest.mark.timeout(20)
def test_pipes_devices_folders_and_endless_files_are_not_opened(root: Path) -> None:
    os.mkfifo(root / "pipe.jpg")
    with open(root / "endless.jpg", "wb") as file:
        file.truncate(1 << 40)
    for path in (root / "pipe.jpg", Path("/dev/zero"), root, root / "endless.jpg"):
        with pytest.raises(NotAFileError, match="is no file of at most 1024 MiB"):
            read_plain_file(str(path))
    with pytest.raises(FileNotFoundError):
        read_plain_file(str(root / "a\0.jpg"))

"""Files that are whole as soon as they exist, and folders listed without what is not ours."""

from __future__ import annotations

import errno
import glob
import os
import re
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from workers.errors import DataError

NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_HOST = socket.gethostname()[:24]  # names of files are short
_DRAFT = re.compile(r"\..+\.(?P<process>\d+)(?:@(?P<host>.+))?\.part", re.DOTALL)


OWNER_ALONE = 0o600  # reads and writes


@contextmanager
def whole_file(path: Path, *, private: bool = False) -> Iterator[Path]:
    """A name to write to, renamed to `path` when the block ends well and removed when it does not.

    What is `private` nobody but the owner can read, at no moment.

    Raises DataError where the folder cannot be made, `path` is no plain file, or the disk takes no more.
    What a killed process left of the same file is removed.
    """
    _make_parent(path)
    if path.exists() and not path.is_file():  # as root one could replace a device
        kind = "a folder" if path.is_dir() else "no plain file"
        raise DataError(f"{path} must be a file that can be written, but it is {kind}. Move it away.")
    remove_drafts(path.parent, path.name)
    draft = _draft(path)
    try:
        if private:
            make_private(draft)
        yield draft
        draft.replace(path)
    except OSError as error:
        if error.errno not in NO_ROOM:
            raise
        raise DataError(f"{path} must be written, but: {error.strerror}. Make room for it.") from error
    finally:
        draft.unlink(missing_ok=True)


@contextmanager
def whole_folder(path: Path) -> Iterator[Path]:
    """A new folder to fill, renamed to `path` when the block ends well and removed when it does not.

    Raises OSError where `path` is there by then, as a file or with something in it. What a killed process
    left of the same folder is removed.
    """
    _make_parent(path)
    remove_drafts(path.parent, path.name)
    draft = _draft(path)
    draft.mkdir()
    try:
        yield draft
        draft.rename(path)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def make_private(path: Path) -> None:
    """Makes the file where it is missing, and leaves it to its owner alone; another's is left as it is."""
    path.touch(mode=OWNER_ALONE)
    with suppress(PermissionError):
        path.chmod(OWNER_ALONE)


def remove_drafts(folder: Path, name: str | None = None, *, alone: bool = False) -> None:
    """Removes what killed processes left half written in a folder, of every file and folder or of one.

    A draft's name says which process of which machine writes it; one whose process may live stays, unless
    whoever asks is `alone` there, as the holder of a run's lock is.
    """
    for left in folder.glob(".*.part" if name is None else f".{glob.escape(name)}.*.part"):
        if not alone and _may_be_written(left.name):
            continue
        if left.is_dir() and not left.is_symlink():
            shutil.rmtree(left, ignore_errors=True)
        else:
            left.unlink(missing_ok=True)


def visible(folder: Path, pattern: str) -> list[Path]:
    """What in a folder matches the glob pattern, by name; nothing where there is no folder.

    Hidden files are none of ours, such as ._NAME, in which macOS keeps a file's attributes on foreign disks.
    """
    found = (path for path in folder.glob(pattern) if not path.name.startswith("."))
    return sorted(found, key=lambda path: path.name)


def files_in(folder: Path, pattern: str) -> list[Path]:
    """The files of a folder whose names match the glob pattern, by name; DataError where there is none."""
    found = visible(folder, pattern)
    if not found:
        raise DataError(
            f"{folder} must be a folder with {pattern}, but it "
            f"{'has none' if folder.is_dir() else 'is none'}. Restore them, or name the folder that has them."
        )
    return found


def link_or_copy(source: Path, target: Path) -> None:
    """One file under two names; a copy where the file system has no hard links."""
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def _draft(path: Path) -> Path:
    return path.with_name(f".{path.name}.{os.getpid()}@{_HOST}.part")


def _may_be_written(name: str) -> bool:
    draft = _DRAFT.fullmatch(name)
    return draft is None or draft["host"] not in (None, _HOST) or _lives(int(draft["process"]))


def _make_parent(path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(f"{path.parent} must be a folder that can be written to, but: {error}") from error


def _lives(process: int) -> bool:
    """Whether a process of this machine has the number; True where that is not known."""
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:
        return True
    return True

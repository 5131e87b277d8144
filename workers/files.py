"""Files that are whole as soon as they exist."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from workers.errors import DataError

NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """A name to write to, renamed to `path` when the block ends well and removed when it does not.

    Raises DataError where the folder cannot be made or the disk takes no more.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(f"{path.parent} must be a folder that can be written to, but: {error}") from error
    draft = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        yield draft
        draft.replace(path)
    except OSError as error:
        if error.errno not in NO_ROOM:
            raise
        raise DataError(f"{path} must be written, but: {error.strerror}. Make room for it.") from error
    finally:
        draft.unlink(missing_ok=True)


def files_in(folder: Path, pattern: str) -> list[Path]:
    """The files of a folder whose names match the glob pattern, by name; DataError where there is none."""
    found = sorted(folder.glob(pattern), key=lambda path: path.name)
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

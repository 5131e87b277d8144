"""Which files may be opened as images: plain ones, that lie in the data's own folders."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import final

MOST_PICTURE_BYTES = 1 << 30  # more than an uncompressed image of `images.MOST_PIXELS`


@final
class NotAFileError(OSError):
    """A folder, pipe, device or socket, or a file without end, in the place of an image."""


@final
class Fence:
    """The folders that a data set's files lie in, whoever wrote their names: an annotation file, a link."""

    def __init__(self, *folders: Path) -> None:
        self._folders = tuple(os.path.join(os.path.realpath(folder), "") for folder in folders)
        self._held: dict[str, bool] = {}  # by folder, so that a file costs no more than a look at itself

    def holds(self, path: str) -> bool:
        """Whether a path that may be absolute, climb by `..` or be a symbolic link ends inside."""
        if os.path.islink(path):
            return self._inside(os.path.realpath(path))
        folder = os.path.dirname(path)
        if folder not in self._held:
            self._held[folder] = self._inside(os.path.join(os.path.realpath(folder), ""))
        return self._held[folder] and os.path.basename(path) not in ("", ".", "..")

    def _inside(self, path: str) -> bool:
        return path.startswith(self._folders)


def read_plain_file(path: str) -> bytes:
    """The content. Raises NotAFileError before anything is opened that could wait or have no end."""
    try:
        _check(os.stat(path), path)
        file = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except ValueError as error:  # a name with a zero byte
        raise FileNotFoundError(str(error)) from error
    with open(file, "rb") as opened:
        _check(os.fstat(opened.fileno()), path)
        return opened.read()


def _check(status: os.stat_result, path: str) -> None:
    if not stat.S_ISREG(status.st_mode) or status.st_size > MOST_PICTURE_BYTES:
        raise NotAFileError(f"{path} is no file of at most {MOST_PICTURE_BYTES >> 20} MiB")

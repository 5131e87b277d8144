"""Errors of workers: those that a person can cause and mend, and the one that carries what nobody foresaw."""

from __future__ import annotations

import errno
from collections.abc import Mapping
from typing import TypeGuard, final

from spaces.errors import VipnasError

_LOOK = "Look after that file or folder, and give the same command."
_ADVICE: Mapping[int, str] = {
    **dict.fromkeys((errno.ENOSPC, errno.EDQUOT, errno.EFBIG), "Make room, and give the same command."),
    **dict.fromkeys((errno.EACCES, errno.EPERM, errno.EROFS), "Let this user use it, or name another."),
    errno.EISDIR: "A folder lies where a file belongs: move it away.",
    errno.ENOTDIR: "A file lies where a folder belongs: move it away.",
    errno.EEXIST: "Something else lies there: move it away.",
    errno.ENOENT: "Restore it, and give the same command.",
    errno.ENAMETOOLONG: "Give a shorter name.",
    errno.EIO: "Look after the disk.",
    errno.EMFILE: "Raise the number of open files: ulimit -n.",
    errno.ELOOP: "Its links lead in a circle: remove one.",
}
_NAMELESS = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EIO, errno.EMFILE)


class DataError(VipnasError):
    """The data set cannot be used as it lies; names the file and what to do."""


class TrainingError(VipnasError):
    """Training cannot go on; names the step, what came and what to do."""


def of_the_machine(error: OSError) -> str:
    """One sentence for what a file system refuses: which file, why, and what to do."""
    names = [str(name) for name in (error.filename, error.filename2) if name is not None]
    why, advice = error.strerror or str(error), _ADVICE.get(error.errno or 0, _LOOK)
    return f"{' and '.join(names) or 'a file'} cannot be read or written: {why}. {advice}"


def is_of_the_machine(error: BaseException) -> TypeGuard[OSError]:
    """Whether a file system refused something; then a person can mend it, and no code is wrong.

    Ends of connections and of processes are OSErrors as well, and are not meant.
    """
    return isinstance(error, OSError) and (error.filename is not None or error.errno in _NAMELESS)


@final
class UnexpectedError(Exception):
    """An error in the program itself, as it was in the worker: `during` what, and its whole traceback.

    A text travels from any worker; the error it tells of may be one that cannot be pickled.
    """

    def __init__(self, during: str, told: str) -> None:
        super().__init__(during, told)
        self.during, self.told = during, told

    def __str__(self) -> str:
        return f"{self.during} met an error in the program itself. The worker's traceback:\n{self.told}"

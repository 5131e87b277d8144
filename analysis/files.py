"""Files appear whole or not at all: written under a temporary name, then renamed."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from analysis.errors import AnalysisError


def write_whole(path: Path, data: bytes) -> Path:
    """Write `data` to `path`, replacing what is there; make missing folders.

    Raises AnalysisError with the path when the file system refuses; an older file is then untouched.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_bytes(data)
        os.replace(temporary, path)
    except OSError as error:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise AnalysisError(
            f"cannot write {path}: {error.strerror}. Choose a folder that can be written."
        ) from error
    return path

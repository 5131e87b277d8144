"""One driver at a time in a run's folder."""

from __future__ import annotations

import fcntl
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from platform.terminal.errors import ConfigError

LOCK = "driver.lock"


@contextmanager
def only_driver(folder: Path) -> Iterator[None]:
    """Holds the folder, which is made where it is missing; raises ConfigError where another process does.

    The kernel's lock ends with its process, however that ends: nothing is left to clean up after a SIGKILL.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = (folder / LOCK).open("a+", encoding="utf-8", errors="replace")
    except OSError as error:
        raise ConfigError(
            f"storage must be a folder that can be written, but {folder.parent}: {error}. Give --storage."
        ) from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            file.seek(0)
            raise ConfigError(
                f"one process at a time may work on the run in {folder}, but {file.read().strip()} does. "
                "Wait for it, end it, or give --name another value."
            ) from error
        file.truncate(0)
        file.write(f"process {os.getpid()} on {socket.gethostname()}\n")
        file.flush()
        yield

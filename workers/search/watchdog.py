"""Ends this process when something in it takes too long, even where it hangs without Python's lock."""

from __future__ import annotations

import faulthandler
from collections.abc import Iterator
from contextlib import contextmanager

_STDERR = 2  # where the stacks go: to Ray's log of the worker


@contextmanager
def ended_after(timeout_s: float | None) -> Iterator[None]:
    """The block may take `timeout_s`; then every thread's stack is printed and the process exits with 1.

    By a thread of C code, so neither a loop in Python nor a call that never gives the lock back escapes it.
    """
    if timeout_s is None:
        yield
        return
    faulthandler.dump_traceback_later(timeout_s, exit=True, file=_STDERR)
    try:
        yield
    finally:
        faulthandler.cancel_dump_traceback_later()

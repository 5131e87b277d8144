"""SIGINT and SIGTERM end a command in one way: an interrupt, wherever it stands."""

from __future__ import annotations

import atexit
import os
import signal
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import FrameType
from typing import final

SIGNALS = (signal.SIGINT, signal.SIGTERM)
STOPPED = "stopped; the same command again continues"
OF_A_SIGNAL = 128  # shells add it to the number of the signal that ended a program


@final
class Ends:
    """Whether a signal has come that ends the command.

    The number is kept beside the exception: what waits in native code may raise another KeyboardInterrupt in
    place of this one, and what is raised in a finalizer is lost.
    """

    def __init__(self) -> None:
        self.signum: int | None = None
        self._process = os.getpid()

    @property
    def exit_code(self) -> int:
        """130 or 143; 130 for an interrupt that no signal made."""
        return OF_A_SIGNAL + (self.signum or signal.SIGINT)

    def handle(self, signum: int, frame: FrameType | None) -> None:
        if os.getpid() != self._process:  # a fork, which has nothing to let go
            signal.signal(signum, signal.SIG_DFL)
            signal.raise_signal(signum)
            return
        self.signum = self.signum or signum
        raise KeyboardInterrupt


def end_while_loading() -> None:
    """Lets a signal end the process at once, with one line: a command has nothing to let go yet.

    So it does again behind the command. When libraries are taken down, at the very end, no signal changes the
    exit code any more: Python would give itself up to an interrupt there, without a word.
    """
    process = os.getpid()

    def end(signum: int, frame: FrameType | None) -> None:
        if os.getpid() == process:
            os.write(2, f"{STOPPED}\n".encode())
        os._exit(OF_A_SIGNAL + signum)

    for signum in SIGNALS:
        signal.signal(signum, end)
    atexit.register(_ignore)  # the first that is registered is the last that is called


def _ignore() -> None:
    for signum in SIGNALS:
        signal.signal(signum, signal.SIG_IGN)


@contextmanager
def ends_noticed() -> Iterator[Ends]:
    """Both signals raise KeyboardInterrupt in the block; behind it they have the handlers of before."""
    ends = Ends()
    if threading.current_thread() is not threading.main_thread():  # which cannot take signals
        yield ends
        return
    before = {signum: signal.signal(signum, ends.handle) for signum in SIGNALS}
    try:
        yield ends
    finally:
        _restore(before)


@contextmanager
def handlers_kept() -> Iterator[None]:
    """What the block sets as handlers of the two signals does not outlast it.

    A library's handler that exits with the signal's number is an end like ours.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {signum: signal.getsignal(signum) for signum in SIGNALS}
    try:
        yield
    except SystemExit as left:
        _restore(before)
        if left.code in SIGNALS:
            signal.raise_signal(signal.Signals(left.code))
        raise
    finally:
        _restore(before)


def _restore(handlers: Mapping[signal.Signals, object]) -> None:
    for signum, handler in handlers.items():
        signal.signal(signum, handler)  # type: ignore[arg-type]  # None only where C code set one

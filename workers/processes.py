"""Processes of our own that hold one object each, whose methods are called from here.

Spawned, never forked, and without importing the caller's main module, which multiprocessing would do: in a
Ray worker that is all of Ray. A helper ends with its `Helper`, and with this process even when that is
killed, for its socket then closes. A helper that dies is an error that says of what.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import traceback
import weakref
from collections import deque
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Any, final

from spaces.errors import VipnasError
from workers.errors import DataError

_CODE = "import sys; sys.path[:] = {path!r}; from workers.processes import serve; serve({socket})"


@final
class Helper:
    """One process with the object that `factory(*arguments)` returns there; both are pickled.

    `descriptors` are open files that the process keeps under the same numbers.
    """

    def __init__(self, factory: Callable[..., Any], *arguments: Any, descriptors: Sequence[int] = ()) -> None:
        ours, theirs = socket.socketpair()
        code = _CODE.format(path=sys.path, socket=theirs.fileno())
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-c", code],
                pass_fds=(theirs.fileno(), *descriptors),
                stdin=subprocess.DEVNULL,
            )
        self._connection = Connection(ours.detach())
        self.close = weakref.finalize(self, _end, self._process, self._connection)
        self._send((factory, arguments))

    @property
    def pid(self) -> int:
        return self._process.pid

    def send(self, method: str, *arguments: Any) -> None:
        """Starts a call; each must be followed by its `receive` before the next."""
        self._send((method, arguments))

    def receive(self) -> Any:
        """What the call returned; raises what it raised, or DataError when the process has died."""
        try:
            value, error = self._connection.recv()
        except (EOFError, OSError):
            raise self._death() from None
        if error is not None:
            raise error
        return value

    def call(self, method: str, *arguments: Any) -> Any:
        self.send(method, *arguments)
        return self.receive()

    def _send(self, message: Any) -> None:
        try:
            self._connection.send(message)
        except OSError:
            raise self._death() from None

    def _death(self) -> DataError:
        self.close()
        code = self._process.returncode
        cause = signal.Signals(-code).name if code < 0 else f"exit code {code}"
        return DataError(
            f"a process that reads or draws images must live until it is told to end, but process {self.pid} "
            f"ended with {cause}. SIGKILL often means that memory ran out; where it made training batches, "
            "lower TrainConfig.loader_processes or TrainConfig.memory_mib."
        )


def in_turn(
    helpers: Sequence[Helper], method: str, calls: Iterable[tuple[Any, ...]]
) -> Generator[tuple[Helper, Any], None, None]:
    """Calls `method` with each tuple of arguments, one call under way per helper; results in order.

    A helper is free for other calls until the next result is asked for. Closed early, it waits for the calls
    under way, so that the helpers can be used again.
    """
    under_way: deque[Helper] = deque()
    try:
        for position, arguments in enumerate(calls):
            if len(under_way) == len(helpers):
                yield (first := under_way.popleft()), first.receive()
            helper = helpers[position % len(helpers)]
            helper.send(method, *arguments)
            under_way.append(helper)
        while under_way:
            yield (first := under_way.popleft()), first.receive()
    finally:
        for helper in under_way:
            _forget(helper)


def serve(descriptor: int) -> None:
    """What a helper's process runs."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the caller, who ends its helpers
    with Connection(descriptor) as connection:
        try:
            target: Any = None
            while True:
                name, arguments = connection.recv()
                method = getattr(target, name) if isinstance(name, str) else name
                reply = _attempt(method, arguments)
                if isinstance(name, str):
                    connection.send(reply)
                elif reply[1] is None:
                    target = reply[0]
                else:
                    target = _Broken(reply[1])
        except (EOFError, ConnectionError):
            os._exit(0)  # nobody listens any more


@final
class _Broken:
    """Stands for an object that could not be made: every call raises the reason."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def __getattr__(self, name: str) -> Any:
        def fail(*_: Any) -> None:
            raise self._error

        return fail


def _attempt(method: Callable[..., Any], arguments: tuple[Any, ...]) -> tuple[Any, Exception | None]:
    try:
        return method(*arguments), None
    except VipnasError as error:
        return None, error
    except Exception as error:  # a bug, or the system's: with its place, which a pickled error forgets
        return None, RuntimeError(f"{error!r}\n{traceback.format_exc()}")


def _forget(helper: Helper) -> None:
    with suppress(Exception):
        helper.receive()


def _end(process: subprocess.Popen[bytes], connection: Connection) -> None:
    connection.close()
    process.kill()  # it holds nothing that would be lost
    process.wait()

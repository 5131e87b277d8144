"""Makes the next items in a background thread while the consumer works on the present one."""

from __future__ import annotations

import queue
import threading
import time
import weakref
from collections.abc import Generator
from dataclasses import dataclass
from typing import Generic, TypeVar, final

T = TypeVar("T")
_POLL_S = 0.05  # how soon a producer blocked on a full queue notices that its consumer is gone


@final
@dataclass(frozen=True, slots=True)
class _End:
    error: BaseException | None


@final
class Prefetched(Generic[T]):
    """Iterates `source` ahead of the consumer; an error raised there is raised here, in its place.

    The thread ends when the source does, on `close()`, at the end of a `with` block, or when the last
    reference goes (a `break` out of `for item in Prefetched(...)`).
    """

    def __init__(self, source: Generator[T, None, None], depth: int = 2) -> None:
        self.wait_s = 0.0  # time the consumer has waited for items so far
        self._items: queue.Queue[T | _End] = queue.Queue(maxsize=depth)
        stop = threading.Event()
        # The thread must not hold `self`, or dropping the last reference would never end it.
        self._thread = threading.Thread(
            target=_produce, args=(source, self._items, stop), daemon=True, name="prefetch"
        )
        self._stop = weakref.finalize(self, stop.set)
        self._ended = False
        self._thread.start()

    def __iter__(self) -> Prefetched[T]:
        return self

    def __next__(self) -> T:
        if self._ended:
            raise StopIteration
        started = time.perf_counter()
        item = self._items.get()
        self.wait_s += time.perf_counter() - started
        if not isinstance(item, _End):
            return item
        self.close()
        raise item.error or StopIteration

    def close(self) -> None:
        """Ends the thread and waits for it; items not yet taken are dropped. May be called again."""
        self._ended = True
        self._stop()
        self._thread.join()

    def __enter__(self) -> Prefetched[T]:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _produce(source: Generator[T, None, None], items: queue.Queue[T | _End], stop: threading.Event) -> None:
    error: BaseException | None = None
    try:
        for item in source:
            if not _put(items, item, stop):
                break
    except BaseException as raised:  # handed to the consumer, who decides
        error = raised
    finally:
        source.close()
        _put(items, _End(error), stop)


def _put(items: queue.Queue[T | _End], item: T | _End, stop: threading.Event) -> bool:
    """True once the item is in the queue, False when nobody will take it."""
    while not stop.is_set():
        try:
            items.put(item, timeout=_POLL_S)
            return True
        except queue.Full:
            continue
    return False

from __future__ import annotations

import threading
import time
from collections.abc import Generator

import pytest

from workers.data.batches.prefetch import Prefetched
from workers.errors import DataError


def numbers(count: int, closed: list[bool] | None = None, delay_s: float = 0.0) -> Generator[int, None, None]:
    try:
        for i in range(count):
            time.sleep(delay_s)
            yield i
    finally:
        if closed is not None:
            closed.append(True)


def prefetch_threads() -> int:
    return sum(thread.name == "prefetch" for thread in threading.enumerate())


def assert_ends_soon() -> None:
    deadline = time.monotonic() + 5
    while prefetch_threads() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert prefetch_threads() == 0


def test_items_come_in_order_and_the_thread_ends_with_them() -> None:
    items = Prefetched(numbers(20), depth=3)
    assert list(items) == list(range(20))
    assert list(items) == []
    assert prefetch_threads() == 0


def test_an_error_arrives_in_its_place() -> None:
    def failing() -> Generator[int, None, None]:
        yield 1
        raise DataError("image 7 is gone")

    items = Prefetched(failing())
    assert next(items) == 1
    with pytest.raises(DataError, match="image 7 is gone"):
        next(items)
    assert prefetch_threads() == 0


def test_a_consumer_that_breaks_off_ends_the_thread_and_closes_the_source() -> None:
    closed: list[bool] = []
    for item in Prefetched(numbers(1000, closed)):
        if item == 3:
            break
    assert_ends_soon()
    assert closed == [True]


def test_a_with_block_that_raises_ends_the_thread() -> None:
    def consume() -> None:
        with Prefetched(numbers(1000)) as items:
            raise ArithmeticError(next(items))

    with pytest.raises(ArithmeticError):
        consume()
    assert prefetch_threads() == 0


def test_closing_twice_or_early_is_harmless() -> None:
    items = Prefetched(numbers(5))
    items.close()
    items.close()
    assert list(items) == []


def test_the_waited_time_is_what_the_consumer_spent_waiting() -> None:
    slow = Prefetched(numbers(4, delay_s=0.1))
    list(slow)
    assert slow.wait_s >= 0.2
    made: list[bool] = []
    ready = Prefetched(numbers(2, made), depth=3)
    while not made:
        time.sleep(0.01)
    list(ready)
    assert ready.wait_s < 0.1

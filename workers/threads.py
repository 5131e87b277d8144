"""The threads that a process computes on: sums in another order differ in their last digits."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import cv2
import torch

R = TypeVar("R")


def use_threads(threads: int) -> None:
    """PyTorch and OpenCV on so many threads from here on, whatever OMP_NUM_THREADS says."""
    torch.set_num_threads(threads)
    cv2.setNumThreads(threads)


@contextmanager
def computing_on(threads: int) -> Iterator[None]:
    """PyTorch and OpenCV on so many threads inside the block."""
    before = torch.get_num_threads(), cv2.getNumThreads()
    use_threads(threads)
    try:
        yield
    finally:
        torch.set_num_threads(before[0])
        cv2.setNumThreads(before[1])


def call_on(threads: int, function: Callable[..., R], *arguments: object) -> R:
    """What the function gives on so many threads: a process that runs one task after another keeps none."""
    with computing_on(threads):
        return function(*arguments)

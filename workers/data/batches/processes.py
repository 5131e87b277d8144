"""Batches made in processes of their own, for a device that one thread cannot feed."""

from __future__ import annotations

import mmap
import os
import tempfile
import weakref
from collections.abc import Generator, Iterable
from typing import final

import cv2
import numpy as np

from workers.data.batches.samples import Batch, Plan, SampleMaker
from workers.memory import keep_freed_memory
from workers.processes import Helper, in_turn

Layout = list[tuple[tuple[int, ...], str]]  # shape and dtype of each array


@final
class BatchProcesses:
    """`count` processes that each make whole batches, handed over in shared memory and in order.

    They live until this is dropped or closed, for they keep decoded images between epochs. Each decodes for
    itself: what they can share is a crop cache.
    """

    def __init__(self, maker: SampleMaker, count: int) -> None:
        self._buffers = [_Buffer() for _ in range(count)]
        self._helpers = [
            Helper(BatchMaker, maker, buffer.descriptor, descriptors=(buffer.descriptor,))
            for buffer in self._buffers
        ]
        self._buffer_of = dict(zip(self._helpers, self._buffers, strict=True))

    def batches(self, plans: Iterable[Plan], batch_size: int) -> Generator[Batch, None, None]:
        """The batch that `SampleMaker.batch` makes of each plan; raises what was raised there."""
        made = in_turn(self._helpers, "make", ((plan, batch_size) for plan in plans))
        try:
            for helper, (layout, share) in made:
                images, targets, weights = (part.copy() for part in self._buffer_of[helper].arrays(layout))
                yield Batch(images, targets, weights, share)
        finally:
            made.close()

    def close(self) -> None:
        """Ends the processes; may be called again."""
        for helper in self._helpers:
            helper.close()


@final
class BatchMaker:
    """One process's part: makes batches and puts them in the memory that it shares."""

    def __init__(self, maker: SampleMaker, descriptor: int) -> None:
        cv2.setNumThreads(1)
        keep_freed_memory()  # page faults of each batch's arrays would cost a fifth of its time
        self._maker, self._buffer = maker, _Buffer(descriptor)

    def make(self, plan: Plan, batch_size: int) -> tuple[Layout, float]:
        batch = self._maker.batch(plan, batch_size)
        made = batch.images, batch.targets, batch.weights
        layout: Layout = [(part.shape, part.dtype.str) for part in made]
        for place, part in zip(self._buffer.arrays(layout), made, strict=True):
            place[...] = part
        return layout, batch.share


@final
class _Buffer:
    """Memory that two processes see: a file without a name, so nothing stays when both are gone."""

    def __init__(self, descriptor: int | None = None) -> None:
        self.descriptor = _nameless_file() if descriptor is None else descriptor
        self._memory: mmap.mmap | None = None
        weakref.finalize(self, os.close, self.descriptor)

    def arrays(self, layout: Layout) -> list[np.ndarray]:
        """Arrays in the memory, one behind the other; valid until the next call."""
        kinds = [(shape, np.dtype(kind)) for shape, kind in layout]
        sizes = [int(np.prod(shape)) * kind.itemsize for shape, kind in kinds]
        memory = self._of(sum(sizes))
        starts = np.cumsum([0, *sizes])[:-1].tolist()
        return [
            np.ndarray(shape, kind, memory, start) for (shape, kind), start in zip(kinds, starts, strict=True)
        ]

    def _of(self, size: int) -> mmap.mmap:
        if self._memory is None or len(self._memory) < size:
            if os.fstat(self.descriptor).st_size < size:
                os.ftruncate(self.descriptor, size)
            self._memory = mmap.mmap(self.descriptor, size)
        return self._memory


def _nameless_file() -> int:
    if hasattr(os, "memfd_create"):  # Linux; unlike /dev/shm not limited by a container's default of 64 MiB
        return os.memfd_create("batches")
    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())

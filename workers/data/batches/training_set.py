"""Training batches as a pure function of (seed, epoch, step, sample), prefetched by a background thread."""

# Shapes: H/W input pixels.
from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import cached_property

import cv2
import numpy as np

from spaces.streams import Stream, generator
from workers.data.batches.augment import Augmentation, Draw
from workers.data.batches.crop_cache_build import prepare_crop_cache
from workers.data.batches.prefetch import Prefetched
from workers.data.batches.processes import BatchProcesses
from workers.data.batches.samples import Batch, PixelSource, Plan, Planned, SampleMaker
from workers.data.codec import Codec
from workers.data.images import ImageStore
from workers.data.people import People, Person
from workers.errors import TrainingError

__all__ = ["Batch", "TrainingSet"]


def steps_per_epoch(people: int, batch_size: int) -> int:
    """Global batches in one epoch: whole ones, the incomplete last one is dropped, but at least one."""
    return max(1, people // batch_size)


class TrainingSet(ABC):
    """Augmented crops and heatmaps of labelled people; subclasses say which of them are drawn together.

    Decoded images are kept up to `memory_bytes` in this process; or, with `crop_cache`, decoded crops lie in
    a file in the data folder, which is built at the first use when it is not there; `say` is told of it.
    `threads` of this process, or `processes` of their own that divide `memory_bytes`, decode and crop beside
    each other; the batches do not depend on their number, nor on the number of ranks. OpenCV's own threads
    are turned off in this process, for they would take cores from the training step.
    """

    def __init__(
        self,
        people: People,
        codec: Codec,
        augmentation: Augmentation,
        *,
        memory_bytes: int = 2 << 30,
        threads: int = 1,
        prefetch: int = 2,
        crop_cache: bool = False,
        processes: int = 0,
    ) -> None:
        self.people = people
        self.codec = codec
        self.augmentation = augmentation
        self.images = ImageStore(memory_bytes)
        self.say: Callable[[str], None] = print
        self._crop_cache = crop_cache
        self._threads = threads
        self._processes = processes
        self._idle: list[BatchProcesses] = []
        self._prefetch = prefetch
        cv2.setNumThreads(1)

    def steps_per_epoch(self, batch_size: int) -> int:
        """Global batches in one epoch: whole ones, the incomplete last one is dropped, but at least one."""
        return steps_per_epoch(self.samples, batch_size)

    @property
    @abstractmethod
    def samples(self) -> int:
        """How many samples an epoch shows once: people, or clips whose frames go together."""

    @property
    @abstractmethod
    def frames(self) -> int:
        """People of one sample, which lie one behind the other in a batch and are augmented alike."""

    def batches(
        self, seed: int, epoch: int, batch_size: int, rank: int = 0, world_size: int = 1, start_step: int = 0
    ) -> Prefetched[Batch]:
        """The batches of one epoch from `start_step`, for one rank.

        `batch_size` is the global one; ranks take contiguous shares that differ by at most one sample. With
        fewer samples than `batch_size`, they repeat in the epoch's only batch, each time drawn anew.
        The result counts the time its consumer waited (`wait_s`) and ends on `with`, `close()` or `break`.
        Raises TrainingError when a rank would get nothing, DataError when an image has become unreadable or
        the crop cache cannot be built.
        """
        if not 0 <= rank < world_size <= batch_size:
            raise TrainingError(
                f"must have 0 <= rank < world_size <= batch_size, got rank {rank}, world_size {world_size}, "
                f"batch_size {batch_size}. Enlarge the batch or use fewer workers."
            )
        steps = range(start_step, self.steps_per_epoch(batch_size))
        order = self.order(seed, epoch, batch_size)
        # The whole global batch is drawn, then divided, so the number of ranks changes nothing.
        share = slice(rank * batch_size // world_size, (rank + 1) * batch_size // world_size)
        plans = (
            self._plan(order[step], generator(Stream.AUGMENTATION, seed, epoch, step), share)
            for step in steps
        )
        # The cache is built before, not in the prefetching thread.
        made = self._make(self._maker, plans, batch_size * self.frames)
        return Prefetched(made, depth=self._prefetch)

    def order(self, seed: int, epoch: int, batch_size: int) -> np.ndarray:
        """(steps, batch_size) indices of the samples in each global batch of an epoch."""
        shuffled = generator(Stream.EPOCH_ORDER, seed, epoch).permutation(self.samples)
        return np.resize(shuffled, (self.steps_per_epoch(batch_size), batch_size))

    def sample(self, person: Person, draw: Draw) -> tuple[np.ndarray, np.ndarray]:
        """One person under one drawn augmentation: RGB crop (H, W, 3) uint8 and joints (K, 3) in input px."""
        row = self._rows[person.image_path, person.annotation_id] if self._crop_cache else 0
        return self._maker.sample(Planned(row, person, draw))

    def close(self) -> None:
        """Ends the processes that wait for the next epoch; dropping the last reference does it too."""
        while self._idle:
            self._idle.pop().close()

    @cached_property
    def _maker(self) -> SampleMaker:
        pixels: PixelSource = self.images
        if self._crop_cache:
            pixels = prepare_crop_cache(self.people, self.codec.input_hw, self.augmentation, say=self.say)
        return SampleMaker(self.codec, self.augmentation, self.people.skeleton, pixels)

    @cached_property
    def _rows(self) -> dict[tuple[str, int], int]:
        people = enumerate(self.people.people)
        return {(person.image_path, person.annotation_id): row for row, person in people}

    def _plan(self, chosen: np.ndarray, rng: np.random.Generator, share: slice) -> Plan:
        """Who is drawn how in one rank's share of a global batch."""
        draws = self.augmentation.draw_many(rng, len(chosen))
        drawn = zip(chosen[share].tolist(), draws[share], strict=True)
        return [planned for sample, draw in drawn for planned in self._planned(sample, draw)]

    @abstractmethod
    def _planned(self, sample: int, draw: Draw) -> Plan:
        """All people of one sample."""

    def _make(
        self, maker: SampleMaker, plans: Iterable[Plan], batch_size: int
    ) -> Generator[Batch, None, None]:
        if self._processes:
            yield from self._make_in_processes(plans, batch_size)
        elif self._threads > 1:
            with ThreadPoolExecutor(self._threads) as pool:
                yield from (maker.batch(plan, batch_size, pool.map) for plan in plans)
        else:
            yield from (maker.batch(plan, batch_size) for plan in plans)

    def _make_in_processes(self, plans: Iterable[Plan], batch_size: int) -> Generator[Batch, None, None]:
        """Processes wait between epochs for the next; those that have failed do not."""
        makers = self._idle.pop() if self._idle else self._start_processes()
        try:
            yield from makers.batches(plans, batch_size)
        except GeneratorExit:
            self._idle.append(makers)
            raise
        except BaseException:
            makers.close()
            raise
        self._idle.append(makers)

    def _start_processes(self) -> BatchProcesses:
        maker = self._maker
        if not self._crop_cache:
            maker = replace(maker, pixels=ImageStore(self.images.budget_bytes // self._processes))
        return BatchProcesses(maker, self._processes)

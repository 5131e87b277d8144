"""Training batches as a pure function of (seed, epoch, step, sample), prefetched by a background thread."""
# Shapes: N people, B batch, K joints, H/W input pixels, h/w heatmap cells.
from __future__ import annotations

from collections.abc import Generator, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass

import cv2
import numpy as np

from workers.data.augment import Augmentation, Draw, half_body_box
from workers.data.codec import Codec
from workers.data.crop import apply_affine, crop, crop_affine
from workers.data.images import ImageStore
from workers.data.people import Box, People, Person
from workers.data.prefetch import Prefetched
from workers.errors import TrainingError

Plan = list[tuple[Person, Draw]]
_ORDER_STREAM, _DRAW_STREAM = 1, 2       # keep the random streams apart


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """One rank's part of a global batch."""

    images: np.ndarray      # (B, H, W, 3) uint8 RGB
    targets: np.ndarray     # (B, K, h, w) float32
    weights: np.ndarray     # (B, K) float32
    share: float = 1.0      # B over the global batch; ranks weigh their mean loss with share * world_size


class TrainingSet:
    """Augmented crops and heatmaps of labelled people.

    Decoded images are kept up to `memory_bytes` in this process. `threads` decode and crop beside each other;
    the batches do not depend on their number, nor on the number of ranks. OpenCV's own threads are turned
    off in this process, for they would take cores from the training step.
    """

    def __init__(
        self, people: People, codec: Codec, augmentation: Augmentation, *,
        memory_bytes: int = 2 << 30, threads: int = 1, prefetch: int = 2,
    ) -> None:
        self.people = people
        self.codec = codec
        self.augmentation = augmentation
        self.images = ImageStore(memory_bytes)
        self._threads = threads
        self._prefetch = prefetch
        cv2.setNumThreads(1)
        self._flip_order = people.skeleton.flip_order

    def steps_per_epoch(self, batch_size: int) -> int:
        """Global batches in one epoch: whole ones, the incomplete last one is dropped, but at least one."""
        return max(1, len(self.people) // batch_size)

    def batches(
        self, seed: int, epoch: int, batch_size: int, rank: int = 0, world_size: int = 1, start_step: int = 0
    ) -> Prefetched[Batch]:
        """The batches of one epoch from `start_step`, for one rank.

        `batch_size` is the global one; ranks take contiguous shares that differ by at most one sample. With
        fewer people than `batch_size`, people repeat in the epoch's only batch, each time drawn anew.
        The result counts the time its consumer waited (`wait_s`) and ends on `with`, `close()` or `break`.
        Raises TrainingError when a rank would get nothing, DataError when an image has become unreadable.
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
        plans = (self._plan(order[step], [_DRAW_STREAM, seed, epoch, step], share) for step in steps)
        return Prefetched(self._make(plans, batch_size), depth=self._prefetch)

    def order(self, seed: int, epoch: int, batch_size: int) -> np.ndarray:
        """(steps, batch_size) indices of the people in each global batch of an epoch."""
        shuffled = np.random.default_rng([_ORDER_STREAM, seed, epoch]).permutation(len(self.people))
        return np.resize(shuffled, (self.steps_per_epoch(batch_size), batch_size))

    def sample(self, person: Person, draw: Draw) -> tuple[np.ndarray, np.ndarray]:
        """One person under one drawn augmentation: RGB crop (H, W, 3) uint8 and joints (K, 3) in input px."""
        affine = crop_affine(self._box(person, draw), self.codec.input_hw,
                             rotation_deg=draw.rotation_deg, scale=draw.scale, flip=draw.flip)
        keypoints = person.keypoints.copy()
        keypoints[:, :2] = apply_affine(keypoints[:, :2], affine)
        image = crop(self.images.read(person.image_path), affine, self.codec.input_hw)
        return image, keypoints[self._flip_order] if draw.flip else keypoints

    def _box(self, person: Person, draw: Draw) -> Box:
        labelled = int((person.keypoints[:, 2] > 0).sum())
        if not draw.half_body or labelled < self.augmentation.half_body_min_joints:
            return person.box_xywh_px
        half = half_body_box(person.keypoints, self.people.skeleton, upper=draw.upper)
        return half or person.box_xywh_px

    def _plan(self, chosen: np.ndarray, entropy: list[int], share: slice) -> Plan:
        """Who is drawn how in one rank's share of a global batch."""
        draws = self.augmentation.draw_many(np.random.default_rng(entropy), len(chosen))
        return [(self.people.people[i], draw) for i, draw in zip(chosen[share], draws[share], strict=True)]

    def _make(self, plans: Iterable[Plan], batch_size: int) -> Generator[Batch, None, None]:
        with ThreadPoolExecutor(self._threads) if self._threads > 1 else nullcontext() as pool:
            for plan in plans:
                people, draws = zip(*plan, strict=True)
                samples = (pool.map if pool else map)(self.sample, people, draws)
                images, keypoints = zip(*samples, strict=True)
                targets, weights = self.codec.encode(np.stack(keypoints))
                yield Batch(np.stack(images), targets, weights, share=len(plan) / batch_size)

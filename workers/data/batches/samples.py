"""The arrays of a batch from who is drawn how: the part of the input that any thread or process may do."""
# Shapes: B batch, K joints, H/W input pixels, h/w heatmap cells.

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Protocol, final, runtime_checkable

import numpy as np

from workers.data.batches.augment import Augmentation, Draw, half_body_box
from workers.data.codec import Codec
from workers.data.crop import apply_affine, crop, crop_affine
from workers.data.people import Box, Person
from workers.data.skeleton import Skeleton


@final
@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """One rank's part of a global batch."""

    images: np.ndarray  # (B, H, W, 3) uint8 RGB
    targets: np.ndarray  # (B, K, h, w) float32
    weights: np.ndarray  # (B, K) float32
    share: float = 1.0  # B over the global batch; ranks weigh their mean loss with share * world_size


@final
@dataclass(frozen=True, slots=True, eq=False)
class Planned:
    """One sample of a batch before anything is decoded."""

    row: int  # of the person in the training set
    person: Person
    draw: Draw


Plan = list[Planned]


@runtime_checkable
class PixelSource(Protocol):
    """A source of the pixels of people: images or the packed cache."""

    def view(self, row: int, person: Person) -> tuple[np.ndarray, np.ndarray | None]:
        """BGR pixels with the person in them, and the (2, 3) affine from px of the person's image to theirs.

        None is the whole image itself. Called from several threads; nobody writes to the array.
        """


@final
@dataclass(frozen=True, slots=True, eq=False)
class SampleMaker:
    """Crops and heatmaps of planned samples; a function of the plan, wherever the pixels come from."""

    codec: Codec
    augmentation: Augmentation
    skeleton: Skeleton
    pixels: PixelSource

    def sample(self, planned: Planned) -> tuple[np.ndarray, np.ndarray]:
        """RGB crop (H, W, 3) uint8 and joints (K, 3) in input px."""
        person, draw, input_hw = planned.person, planned.draw, self.codec.input_hw
        affine = crop_affine(
            drawn_box(person, draw, self.augmentation, self.skeleton), input_hw,
            rotation_deg=draw.rotation_deg, scale=draw.scale, flip=draw.flip,
        )  # fmt: skip
        keypoints = person.keypoints.copy()
        keypoints[:, :2] = apply_affine(keypoints[:, :2], affine)
        pixels, placed = self.pixels.view(planned.row, person)
        image = crop(pixels, affine if placed is None else _after(affine, placed), input_hw)
        return image, keypoints[self.skeleton.flip_order] if draw.flip else keypoints

    def batch(self, plan: Plan, batch_size: int, map_: Callable[..., Iterable[Any]] = map) -> Batch:
        """The samples of a plan, a part of a global batch of `batch_size`; `map_` may be a pool's."""
        images, keypoints = zip(*map_(self.sample, plan), strict=True)
        targets, weights = self.codec.encode(np.stack(keypoints))
        return Batch(np.stack(images), targets, weights, share=len(plan) / batch_size)


def drawn_box(person: Person, draw: Draw, augmentation: Augmentation, skeleton: Skeleton) -> Box:
    """The person's box, or that of the half of their body that is drawn, where enough joints are labelled."""
    return half_drawn(person, draw, augmentation, skeleton) or person.box_xywh_px


def half_drawn(person: Person, draw: Draw, augmentation: Augmentation, skeleton: Skeleton) -> Box | None:
    """The box of the half of the body that is drawn; None where none is, or too few joints are labelled."""
    labelled = int((person.keypoints[:, 2] > 0).sum())
    if not draw.half_body or labelled < augmentation.half_body_min_joints:
        return None
    return half_body_box(person.keypoints, skeleton, upper=draw.upper)


def _after(affine: np.ndarray, placed: np.ndarray) -> np.ndarray:
    """`affine` for pixels that `placed` has moved: input <- image <- pixels; `placed` scales and shifts."""
    linear = affine[:, :2] / placed.diagonal()
    return np.column_stack([linear, affine[:, 2] - linear @ placed[:, 2]])

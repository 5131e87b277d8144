"""The joints a data set labels: names, left-right pairs, OKS sigmas, halves of the body, links to draw."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import numpy as np

from workers.data.joints.names import find_pairs, plain_names, words_of


@final
@dataclass(frozen=True, slots=True)
class Skeleton:
    """Joints in the order of the keypoint arrays; pairs and links are indices into `names`."""

    names: tuple[str, ...]
    flip_pairs: tuple[tuple[int, int], ...]
    oks_sigmas: tuple[float, ...]
    links: tuple[tuple[int, int], ...]
    upper: tuple[bool, ...] | None = None  # of each joint, where the names are not to decide it

    @property
    def keypoints(self) -> int:
        """The number of joints K."""
        return len(self.names)

    @property
    def flip_order(self) -> np.ndarray:
        """(K,) int64: `array[:, flip_order]` swaps left and right joints along axis 1; its own inverse."""
        order = np.arange(self.keypoints)
        for left, right in self.flip_pairs:
            order[[left, right]] = right, left
        return order

    @property
    def upper_body(self) -> np.ndarray:
        """(K,) bool: joints above the hips, which the half-body augmentation keeps together."""
        return np.array([_is_upper(name) for name in self.names] if self.upper is None else self.upper)


_LOWER_PARTS = ("hip", "knee", "ankle", "foot", "feet", "heel", "toe", "leg", "thigh", "shin", "calf")
_FRONT, _HIND = {"front", "fore", "f"}, {"hind", "rear", "back", "h", "b"}  # of animals' limbs
_FEET = ("paw", "hoof", "hock", *_LOWER_PARTS)


def _is_upper(name: str) -> bool:
    words = set(words_of(name))
    if words & (_FRONT | _HIND) and _has(words, (*_FEET, "elbow")):
        return not words & _HIND
    return not _has(words, _LOWER_PARTS)


def _has(words: set[str], parts: tuple[str, ...]) -> bool:
    return any(part in word for part in parts for word in words)


_LIMBS = ("shoulder", "elbow", "wrist", "hip", "knee", "ankle")
_LIMB_NAMES = tuple(f"{side}_{part}" for part in _LIMBS for side in ("left", "right"))
_LIMB_LINKS = (
    (5, 6),
    (5, 7),
    (7, 9),
    (6, 8),
    (8, 10),
    (5, 11),
    (6, 12),
    (11, 12),
    (11, 13),
    (13, 15),
    (12, 14),
    (14, 16),
)
_COCO_SIGMAS = (  # pycocotools, cocoeval.Params.setKpParams
    0.026,
    0.025,
    0.025,
    0.035,
    0.035,
    0.079,
    0.079,
    0.072,
    0.072,
    0.062,
    0.062,
    0.107,
    0.107,
    0.087,
    0.087,
    0.089,
    0.089,
)

COCO17 = Skeleton(
    names=("nose", "left_eye", "right_eye", "left_ear", "right_ear", *_LIMB_NAMES),
    flip_pairs=((1, 2), (3, 4), (5, 6), (7, 8), (9, 10), (11, 12), (13, 14), (15, 16)),
    oks_sigmas=_COCO_SIGMAS,
    links=(*_LIMB_LINKS, (0, 1), (0, 2), (1, 2), (1, 3), (2, 4), (3, 5), (4, 6)),
)

POSETRACK17 = Skeleton(
    names=("nose", "head_bottom", "head_top", "left_ear", "right_ear", *_LIMB_NAMES),
    flip_pairs=((3, 4), (5, 6), (7, 8), (9, 10), (11, 12), (13, 14), (15, 16)),
    oks_sigmas=_COCO_SIGMAS,
    links=(*_LIMB_LINKS, (0, 1), (0, 2), (1, 5), (1, 6)),
)

MEAN_SIGMA = sum(_COCO_SIGMAS) / len(_COCO_SIGMAS)  # of a joint that COCO does not have
_KNOWN_SIGMAS = dict(zip(COCO17.names, COCO17.oks_sigmas, strict=True))


def skeleton_from_names(names: tuple[str, ...], links: tuple[tuple[int, int], ...] = ()) -> Skeleton:
    """The skeleton of a data set's own joint names: pairs from left and right in the names, COCO's sigmas.

    Names count in every spelling that `joints.names` reads; a joint that COCO does not have gets the mean of
    COCO's sigmas.
    """
    for known in (COCO17, POSETRACK17):
        if names == known.names:
            return known
    sigmas = tuple(_KNOWN_SIGMAS.get(plain, MEAN_SIGMA) for plain in plain_names(names))
    return Skeleton(names=names, flip_pairs=find_pairs(names), oks_sigmas=sigmas, links=links)


def without_known_sigma(names: tuple[str, ...]) -> tuple[str, ...]:
    """The joints whose sigma `skeleton_from_names` does not know."""
    if names == POSETRACK17.names:
        return ()
    return tuple(
        name for name, plain in zip(names, plain_names(names), strict=True) if plain not in _KNOWN_SIGMAS
    )

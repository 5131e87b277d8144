"""The joints a data set labels: names, left-right pairs, OKS sigmas and the links to draw."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import numpy as np


@final
@dataclass(frozen=True, slots=True)
class Skeleton:
    """Joints in the order of the keypoint arrays; pairs and links are indices into `names`."""

    names: tuple[str, ...]
    flip_pairs: tuple[tuple[int, int], ...]
    oks_sigmas: tuple[float, ...]
    links: tuple[tuple[int, int], ...]

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
        return np.array([not any(part in name for part in _LOWER_PARTS) for name in self.names])


_LOWER_PARTS = ("hip", "knee", "ankle", "foot", "heel", "toe")
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

_MEAN_SIGMA = sum(_COCO_SIGMAS) / len(_COCO_SIGMAS)


def skeleton_from_names(names: tuple[str, ...], links: tuple[tuple[int, int], ...] = ()) -> Skeleton:
    """The skeleton of a data set's own joint names: pairs from left/right in the names, known sigmas kept."""
    for known in (COCO17, POSETRACK17):
        if names == known.names:
            return known
    index = {name: i for i, name in enumerate(names)}
    pairs = tuple(
        (i, index[_other_side(name)])
        for name, i in index.items()
        if _is_left(name) and _other_side(name) in index
    )
    known_sigmas = dict(zip(COCO17.names, COCO17.oks_sigmas, strict=True))
    sigmas = tuple(known_sigmas.get(name, _MEAN_SIGMA) for name in names)
    return Skeleton(names=names, flip_pairs=pairs, oks_sigmas=sigmas, links=links)


def _is_left(name: str) -> bool:
    return name.startswith(("left", "l_")) or name.endswith(("_left", "_l"))


def _other_side(name: str) -> str:
    if name.startswith("l_"):
        return "r_" + name[2:]
    if name.endswith("_l"):
        return name[:-2] + "_r"
    return name.replace("left", "right")

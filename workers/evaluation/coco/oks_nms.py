"""Suppression of poses that are nearly another's, as HRNet's and MMPose's COCO evaluations do it."""

# Shapes: N poses of one image, K joints.
from __future__ import annotations

import numpy as np

THRESHOLD = 0.9  # OKS above which the lower-scored pose goes


def oks_nms(
    keypoints: np.ndarray, scores: np.ndarray, areas: np.ndarray, sigmas: np.ndarray,
    threshold: float = THRESHOLD,
) -> np.ndarray:  # fmt: skip
    """Row numbers to keep, best first, of poses (N, K, 2) with scores (N,) and areas (N,) in px^2.

    The OKS of two poses takes the mean of their areas and all joints, however certain.
    """
    waiting, kept = np.argsort(-scores, kind="stable"), []
    while len(waiting):
        best, others = waiting[0], waiting[1:]
        kept.append(best)
        oks = _oks(keypoints[best], keypoints[others], (areas[best] + areas[others]) / 2, sigmas)
        waiting = others[oks <= threshold]
    return np.array(kept, dtype=np.int64)


def _oks(one: np.ndarray, others: np.ndarray, areas: np.ndarray, sigmas: np.ndarray) -> np.ndarray:
    """(N,): COCO's similarity of one pose (K, 2) with others (N, K, 2)."""
    squared_px = ((others - one) ** 2).sum(axis=-1)
    exponent = squared_px / ((2 * sigmas) ** 2 * (areas[:, None] + np.spacing(1)) * 2)
    similarity: np.ndarray = np.exp(-exponent).mean(axis=1)
    return similarity


def crop_areas(affines: np.ndarray, input_hw: tuple[int, int]) -> np.ndarray:
    """(N,) px^2 of the image that crops (N, 2, 3) show: the padded box, which those evaluations take."""
    per_input_px = 1 / np.abs(np.linalg.det(affines[:, :, :2]))
    areas: np.ndarray = per_input_px * input_hw[0] * input_hw[1]
    return areas

"""Keypoints to heatmaps and back, the whole batch at once.

Design section 5: un-normalised Gaussian at int(x / 4 + 0.5), radius 3 sigma; decoding takes the largest cell
and moves a quarter of a cell toward the larger neighbour.
"""

# Shapes: B batch, K joints, H/W input pixels, h/w heatmap cells.
from __future__ import annotations

from dataclasses import dataclass
from typing import final

import numpy as np

from spaces.errors import VipnasError


@final
@dataclass(frozen=True, slots=True)
class Codec:
    """Encodes joints in input pixels as heatmaps of H/stride x W/stride cells and decodes them."""

    input_hw: tuple[int, int]
    sigma: float = 2.0  # cells
    stride: int = 4  # input pixels per cell

    def __post_init__(self) -> None:
        if any(side % self.stride for side in self.input_hw):
            raise VipnasError(f"input_hw must be multiples of {self.stride}, got {self.input_hw}")
        if self.sigma <= 0:
            raise VipnasError(f"sigma must be positive, got {self.sigma}")

    @property
    def heatmap_hw(self) -> tuple[int, int]:
        """Rows and columns of a heatmap."""
        return self.input_hw[0] // self.stride, self.input_hw[1] // self.stride

    def encode(self, keypoints: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Joints (B, K, 3) -> targets (B, K, h, w) and weights (B, K), float32.

        Weight 0 and an empty map: an unlabelled joint, or one whose Gaussian lies wholly off the map.
        """
        height, width = self.heatmap_hw
        cells = (keypoints[..., :2] / self.stride + 0.5).astype(np.int64)
        columns, rows = self._profile(cells[..., 0], width), self._profile(cells[..., 1], height)
        weights = (keypoints[..., 2] > 0) & columns.any(axis=-1) & rows.any(axis=-1)
        rows *= weights[..., None]
        return rows[..., :, None] * columns[..., None, :], weights.astype(np.float32)

    def decode(self, heatmaps: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Heatmaps (B, K, h, w) -> points (B, K, 2) in input px and scores (B, K), float32.

        The score is the map's largest value. A cell on the border is not moved across it.
        """
        *lead, height, width = heatmaps.shape
        flat = np.ascontiguousarray(heatmaps).reshape(-1, height * width)
        best, each = flat.argmax(axis=1), np.arange(len(flat))
        row, column = np.divmod(best, width)
        shift_x = _toward_larger(flat, each, best, column, width, 1)
        shift_y = _toward_larger(flat, each, best, row, height, width)
        points = np.stack([column + shift_x, row + shift_y], axis=-1) * self.stride
        return points.astype(np.float32).reshape(*lead, 2), flat[each, best].reshape(lead)

    def _profile(self, centres: np.ndarray, size: int) -> np.ndarray:
        """One axis of the separable Gaussian: (..., size) float32, zero beyond 3 sigma."""
        distance = np.arange(size) - centres[..., None]
        values = np.exp(-(distance**2) / (2 * self.sigma**2))
        return np.where(np.abs(distance) <= 3 * self.sigma, values, 0.0).astype(np.float32)


def _toward_larger(
    flat: np.ndarray, each: np.ndarray, best: np.ndarray, position: np.ndarray, size: int, step: int
) -> np.ndarray:
    """+-0.25 along one axis (0 where the neighbours are equal or one is missing)."""
    inside = (position > 0) & (position < size - 1)
    offset = np.where(inside, step, 0)
    return 0.25 * np.sign(flat[each, best + offset] - flat[each, best - offset])

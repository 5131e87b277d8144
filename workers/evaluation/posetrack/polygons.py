"""Which points lie in the polygons of their frame, for all frames at once."""

# Shapes: N people with J points each, R polygons, E edges of all polygons.
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import numpy as np

from workers.evaluation.posetrack.pairs import pair_up, spread

_EDGES_AT_A_TIME = 1 << 20  # of points with edges, some 100 MB


@final
@dataclass(frozen=True, slots=True, eq=False)
class Polygons:
    """The polygons of some frames; inside is by the even-odd rule, their outlines are outside."""

    frames: np.ndarray  # (R,) int64, ascending
    low: np.ndarray  # (R, 2) px
    high: np.ndarray  # (R, 2) px
    counts: np.ndarray  # (R,) edges of each
    starts: np.ndarray  # (E, 2) px
    ends: np.ndarray  # (E, 2) px

    @classmethod
    def of_frames(cls, polygons: Sequence[Sequence[np.ndarray]]) -> Polygons:
        """Polygons from the outlines (V, 2) px of frame 0, 1 and so on; V is at least 3."""
        numbered = [(frame, polygon) for frame, here in enumerate(polygons) for polygon in here]
        counts = np.array([len(polygon) for _, polygon in numbered], np.int64)
        empty = np.empty((0, 2))
        return cls(
            frames=np.array([frame for frame, _ in numbered], np.int64),
            low=np.array([polygon.min(axis=0) for _, polygon in numbered]).reshape(-1, 2),
            high=np.array([polygon.max(axis=0) for _, polygon in numbered]).reshape(-1, 2),
            counts=counts,
            starts=np.concatenate([empty, *(polygon for _, polygon in numbered)]),
            ends=np.concatenate([empty, *(np.roll(polygon, -1, axis=0) for _, polygon in numbered)]),
        )

    @classmethod
    def join(cls, parts: Sequence[Polygons], first_frames: Sequence[int]) -> Polygons:
        """All of `parts`, frame 0 of each becoming the one that goes with it."""
        shifted = [part.frames + first for part, first in zip(parts, first_frames, strict=True)]
        others = ("low", "high", "counts", "starts", "ends")
        return cls(np.concatenate(shifted), *(
            np.concatenate([getattr(part, name) for part in parts]) for name in others
        ))  # fmt: skip

    def hold(self, frames: np.ndarray, points: np.ndarray) -> np.ndarray:
        """(N, J) bool: which of the points (N, J, 2) px lie in a polygon of their frame (N,)."""
        pairs = pair_up(frames, self.frames)
        there, low, high = points[pairs.first], self.low[pairs.second, None], self.high[pairs.second, None]
        pair, joint = np.nonzero(((there > low) & (there < high)).all(axis=-1))
        inside = self._inside(there[pair, joint], pairs.second[pair])
        held = np.zeros(points.shape[:2], bool)
        held[pairs.first[pair][inside], joint[inside]] = True
        return held

    def _inside(self, points: np.ndarray, polygons: np.ndarray) -> np.ndarray:
        """Which of the points (Q, 2) lie in the polygon (Q,) that goes with it."""
        portions = 1 + int(self.counts[polygons].sum()) // _EDGES_AT_A_TIME
        parts = np.array_split(np.arange(len(points)), portions)
        return np.concatenate([self._portion(points[part], polygons[part]) for part in parts])

    def _portion(self, points: np.ndarray, polygons: np.ndarray) -> np.ndarray:
        whose, which = spread(self.counts[polygons])
        firsts = np.cumsum(self.counts) - self.counts
        edges = firsts[polygons][whose] + which
        (x, y), (x0, y0), (x1, y1) = points[whose].T, self.starts[edges].T, self.ends[edges].T
        # > 0 where the point lies to the left of the edge, as seen along it in a right-handed plane
        side = (x1 - x0) * (y - y0) - (y1 - y0) * (x - x0)
        rises, falls = (y0 <= y) & (y1 > y), (y1 <= y) & (y0 > y)
        crossed = (rises & (side > 0)) | (falls & (side < 0))
        within = (x >= np.minimum(x0, x1)) & (x <= np.maximum(x0, x1))
        within &= (y >= np.minimum(y0, y1)) & (y <= np.maximum(y0, y1))
        crossings = np.bincount(whose[crossed], minlength=len(points))
        on_outline = np.bincount(whose[within & (side == 0)], minlength=len(points)) > 0
        result: np.ndarray = (crossings % 2 == 1) & ~on_outline
        return result

"""Everything of a frame with everything else of that frame, for all frames at once."""

# Shapes: N and M things, Q pairs.
from __future__ import annotations

from dataclasses import dataclass
from typing import final

import numpy as np


@final
@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """Indices of the two things of each pair."""

    first: np.ndarray  # (Q,) into the N, ascending
    second: np.ndarray  # (Q,) into the M, ascending for each of the N


def pair_up(frames: np.ndarray, other_frames: np.ndarray) -> Pairs:
    """Pairs of things (N,) and others (M,) with equal frames; `other_frames` is ascending."""
    begin, end = (np.searchsorted(other_frames, frames, side) for side in ("left", "right"))
    first, within = spread(end - begin)
    return Pairs(first, begin[first] + within)


def spread(counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Counts unrolled: 2, 0, 3 give 0, 0, 2, 2, 2 (whose) and 0, 1, 0, 1, 2 (which of them)."""
    whose = np.repeat(np.arange(len(counts)), counts)
    return whose, np.arange(len(whose)) - np.repeat(np.cumsum(counts) - counts, counts)

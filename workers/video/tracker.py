"""Who is who from frame to frame, by how much boxes overlap: for detectors that give no tracks.

Each frame's boxes go to the tracks so that the sum of their intersections over unions is largest; a pair that
overlaps too little is none. Nothing is looked at ahead of its turn.
"""

# Shapes: N boxes of a frame.
from __future__ import annotations

from typing import final

import numpy as np
from scipy.optimize import linear_sum_assignment

from workers.data.detections import overlaps
from workers.data.tracks import MAX_FRAME_GAP

LEAST_OVERLAP = 0.3  # intersection over union of a person's boxes in frames that follow each other


@final
class BoxTracker:
    """Numbers people from 1 in the order in which they appear.

    Who is not seen in more than `most_gap` frames is lost, and gets another number when they return.
    """

    def __init__(self, least_overlap: float = LEAST_OVERLAP, most_gap: int = MAX_FRAME_GAP) -> None:
        self.least_overlap, self.most_gap = least_overlap, most_gap
        self.tracks = 0  # numbers given so far
        self._last: dict[int, tuple[int, np.ndarray]] = {}  # frame and box (4,) where each was seen last

    def step(self, frame: int, boxes_xywh_px: np.ndarray) -> np.ndarray:
        """(N,) int64, the tracks of a frame's boxes (N, 4); frames come in ascending order."""
        self._last = {track: seen for track, seen in self._last.items() if frame - seen[0] <= self.most_gap}
        ids = np.zeros(len(boxes_xywh_px), np.int64)
        for row, track in self._matched(boxes_xywh_px):
            ids[row] = track
        for row in np.flatnonzero(ids == 0).tolist():
            self.tracks += 1
            ids[row] = self.tracks
        self._last |= {track: (frame, box) for track, box in zip(ids.tolist(), boxes_xywh_px, strict=True)}
        return ids

    def _matched(self, boxes: np.ndarray) -> list[tuple[int, int]]:
        """Rows of boxes and their tracks."""
        if not self._last or not len(boxes):
            return []
        known = list(self._last)
        overlap = overlaps(boxes, np.array([self._last[track][1] for track in known]))
        overlap[overlap < self.least_overlap] = 0.0
        rows, columns = linear_sum_assignment(overlap, maximize=True)
        pairs = zip(rows.tolist(), columns.tolist(), strict=True)
        return [(row, known[column]) for row, column in pairs if overlap[row, column] > 0]

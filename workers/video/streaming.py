"""Poses of tracked people frame by frame, as the frames of a video come in (section 3.1).

Key frames are each track's own: at its first frame and every T + 1 behind it. So poses are those that the
search scored, and the work of key frames is spread over the frames at which people appear.
"""

# Shapes: N people of a frame, K joints, H/W input pixels, h/w heatmap cells.
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import numpy as np

from workers.data.crop import crop, crop_affine
from workers.errors import DataError
from workers.evaluation.predict import to_image_px
from workers.video.networks import VideoNetworks

BATCH_SIZE = 32  # crops in one forward pass, so that a crowd does not need a crowd's memory


@final
@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FramePoses:
    """Everybody of one frame, in the order in which they were given."""

    track_ids: np.ndarray  # (N,) int64
    boxes_xywh_px: np.ndarray  # (N, 4) float64, clipped to the image
    keypoints: np.ndarray  # (N, K, 2) float64 px of the image
    scores: np.ndarray  # (N, K) float32: the heatmaps' largest values
    places: np.ndarray  # (N,) int64: frames since the track's key frame, 0 for the key frame itself

    def __len__(self) -> int:
        return len(self.track_ids)


@final
@dataclass(frozen=True, slots=True, eq=False)
class _Seen:
    """What is known of one track of the frame before."""

    place: int
    heatmaps: np.ndarray  # (K, h, w) float32, in the coordinates of its crop


@final
class StreamingPredictor:
    """Finds joints online: a frame's poses come from that frame and, by heatmaps, from those before it.

    A track that was not in the frame before begins with a key frame, be it new or back again. All that is
    kept are the heatmaps of the people of the last frame. Threads are PyTorch's and OpenCV's own matter.
    """

    def __init__(self, networks: VideoNetworks, *, batch_size: int = BATCH_SIZE) -> None:
        self.networks, self.batch_size = networks, batch_size
        self._codec = networks.codec
        self._before: dict[int, _Seen] = {}

    def step(
        self, image: np.ndarray, boxes_xywh_px: np.ndarray, track_ids: Sequence[int] | np.ndarray
    ) -> FramePoses:
        """The poses of the next frame, BGR (rows, columns, 3) uint8, as cv2 reads it.

        One box (x, y, width, height) and one number for each person, perhaps nobody. Boxes are clipped to the
        image as evaluation clips them, and who has less than a pixel left is not in the frame. Raises
        DataError where boxes and tracks do not fit, TrainingError where a network gives no finite numbers.
        """
        boxes, tracks = _checked(np.reshape(boxes_xywh_px, (-1, 4)), np.asarray(track_ids, np.int64))
        boxes, inside = clip_boxes(boxes, image.shape[:2])
        boxes, tracks = boxes[inside], tracks[inside]
        affines, images = self._crops(image, boxes)
        places = np.array([self._place(track) for track in tracks.tolist()], np.int64)
        heatmaps = self._heatmaps(images, tracks, places)
        points, scores = self._codec.decode(heatmaps)
        self._before = {
            track: _Seen(place, maps)
            for track, place, maps in zip(tracks.tolist(), places.tolist(), heatmaps, strict=True)
        }
        keypoints = to_image_px(points, affines) if len(tracks) else points.astype(np.float64)
        return FramePoses(
            track_ids=tracks, boxes_xywh_px=boxes, keypoints=keypoints, scores=scores, places=places
        )

    def forget(self) -> None:
        """Everybody begins anew: at a cut of the video, or where frames were left out."""
        self._before = {}

    def _place(self, track: int) -> int:
        seen = self._before.get(track)
        return 0 if seen is None else (seen.place + 1) % self.networks.period

    def _crops(self, image: np.ndarray, boxes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Affines (N, 2, 3) and crops (N, H, W, 3) uint8."""
        height, width = self.networks.input_hw
        affines, images = np.empty((len(boxes), 2, 3)), np.empty((len(boxes), height, width, 3), np.uint8)
        for row, (x, y, box_w, box_h) in enumerate(boxes.tolist()):
            affines[row] = crop_affine((x, y, box_w, box_h), (height, width))
            images[row] = crop(image, affines[row], (height, width))
        return affines, images

    def _heatmaps(self, images: np.ndarray, tracks: np.ndarray, places: np.ndarray) -> np.ndarray:
        """(N, K, h, w) float32, everybody who needs the same network at once."""
        heatmaps = np.empty((len(images), len(self.networks.joints), *self._codec.heatmap_hw), np.float32)
        for place in np.unique(places).tolist():
            rows = np.flatnonzero(places == place)
            seen = [self._before[track].heatmaps for track in tracks[rows].tolist()] if place else None
            before = None if seen is None else np.stack(seen)
            heatmaps[rows] = self.networks.heatmaps(place, images[rows], before, self.batch_size)
        return heatmaps


def clip_boxes(boxes: np.ndarray, image_hw: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """The parts of xywh boxes (N, 4) inside an image, and in which of them (N,) is at least a pixel left."""
    height, width = image_hw
    low = np.maximum(boxes[:, :2], 0)
    high = np.minimum(boxes[:, :2] + boxes[:, 2:], (width, height))
    inside: np.ndarray = ((high - low) >= 1).all(axis=1)
    return np.hstack([low, high - low]), inside


def _checked(boxes: np.ndarray, tracks: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    boxes = boxes.astype(np.float64)
    if len(boxes) != len(tracks):
        raise DataError(
            f"a frame must have one track for each box, but it has {len(boxes)} boxes and "
            f"{len(tracks)} tracks. Give both in the same order."
        )
    if len(np.unique(tracks)) < len(tracks):
        raise DataError(
            f"a track must be once in a frame, but the tracks are {tracks.tolist()}. "
            "Give each person of a frame their own number."
        )
    if not np.isfinite(boxes).all():
        raise DataError("boxes must be finite numbers of pixels, but some are not. Leave these people out.")
    return boxes, tracks

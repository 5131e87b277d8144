"""Poses drawn into their frame: who is who by colour, key frames told from those behind them."""

# Shapes: N people, K joints.
from __future__ import annotations

import colorsys

import cv2
import numpy as np

from workers.data.skeleton import Skeleton
from workers.video.streaming import FramePoses

LEAST_SCORE = 0.1  # of a joint that is drawn; the heatmaps' largest value
GOLDEN = 0.618034  # neighbouring numbers get hues far apart
FONT = cv2.FONT_HERSHEY_SIMPLEX
Bgr = tuple[int, int, int]
Rectangle = tuple[int, int, int, int]  # left, top, width, height


def draw_poses(
    image: np.ndarray, poses: FramePoses, skeleton: Skeleton, *, least_score: float = LEAST_SCORE
) -> np.ndarray:
    """A copy of the image (BGR) with links and joints of at least `least_score`, and each track's number.

    A key frame has the person's box around it and "key" in its label, the t-th frame behind it "+t".
    """
    drawn = image.copy()
    size = max(1, round(min(image.shape[:2]) / 360))  # thickness of a link, px
    for row in range(len(poses)):
        colour = track_colour(int(poses.track_ids[row]))
        there = (poses.scores[row] >= least_score) & np.isfinite(poses.keypoints[row]).all(axis=1)
        _draw_person(drawn, poses.keypoints[row], there, skeleton, colour, size)
    _draw_labels(drawn, poses, size)
    return drawn


def track_colour(track_id: int) -> Bgr:
    """BGR, the same for a track in every frame."""
    red, green, blue = colorsys.hsv_to_rgb((track_id * GOLDEN) % 1.0, 0.85, 1.0)
    return round(255 * blue), round(255 * green), round(255 * red)


def _draw_person(
    drawn: np.ndarray, keypoints: np.ndarray, there: np.ndarray, skeleton: Skeleton, colour: Bgr, size: int
) -> None:
    points = [_pixel(point) for point in keypoints]
    for first, second in skeleton.links:
        if there[first] and there[second]:
            cv2.line(drawn, points[first], points[second], colour, 2 * size, cv2.LINE_AA)
    for point in np.flatnonzero(there).tolist():
        cv2.circle(drawn, points[point], 3 * size, (0, 0, 0), -1, cv2.LINE_AA)
        cv2.circle(drawn, points[point], 2 * size, (255, 255, 255), -1, cv2.LINE_AA)


def _draw_labels(drawn: np.ndarray, poses: FramePoses, size: int) -> None:
    taken: list[Rectangle] = []
    for row, (x, y, width, height) in enumerate(poses.boxes_xywh_px.tolist()):
        colour, place = track_colour(int(poses.track_ids[row])), int(poses.places[row])
        if place == 0:
            cv2.rectangle(drawn, _pixel((x, y)), _pixel((x + width, y + height)), colour, size, cv2.LINE_AA)
        text = f"{int(poses.track_ids[row])} {'key' if place == 0 else f'+{place}'}"
        taken.append(_draw_label(drawn, text, (x, y), colour, size, taken))


def _draw_label(
    drawn: np.ndarray, text: str, at: tuple[float, float], colour: Bgr, size: int, taken: list[Rectangle]
) -> Rectangle:
    """Above `at`, inside the image, below the labels that it would hide; returns where it is."""
    scale = 0.45 * size
    (width, text_height), below = cv2.getTextSize(text, FONT, scale, size)
    height = text_height + below
    left, top = _pixel((at[0], max(at[1] - height, 0)))
    for other_left, other_top, other_width, other_height in sorted(taken, key=lambda each: each[1]):
        beside = left + width <= other_left or other_left + other_width <= left
        if not beside and other_top - height < top < other_top + other_height:
            top = other_top + other_height
    cv2.rectangle(drawn, (left, top), (left + width, top + height), colour, -1)
    base = (left, top + text_height + below // 2)
    cv2.putText(drawn, text, base, FONT, scale, (0, 0, 0), size, cv2.LINE_AA)
    return left, top, width, height


def _pixel(point: np.ndarray | tuple[float, float]) -> tuple[int, int]:
    return round(float(point[0])), round(float(point[1]))

from __future__ import annotations

import cv2
import numpy as np
import pytest

from workers.evaluation.posetrack.polygons import Polygons

SQUARE = np.array([(0, 0), (10, 0), (10, 10), (0, 10)], float)


def inside(polygon: np.ndarray, points: np.ndarray) -> list[bool]:
    """Of points (N, 2) in the one frame."""
    held: list[bool] = Polygons.of_frames([[polygon]]).hold(np.zeros(1, int), points[None])[0].tolist()
    return held


@pytest.mark.parametrize(
    ("point", "expected"),
    [((5, 5), True), ((0.001, 9.999), True), ((-1, 5), False), ((5, 11), False),
     ((0, 5), False), ((5, 0), False), ((5, 10), False), ((10, 10), False)],
)  # fmt: skip
def test_a_square_holds_what_is_inside_and_not_its_outline(
    point: tuple[float, float], expected: bool
) -> None:
    assert inside(SQUARE, np.array([point], float)) == [expected]
    assert inside(SQUARE[::-1], np.array([point], float)) == [expected]


def test_a_notch_is_outside_though_it_is_between_the_corners() -> None:
    notched = np.array([(0, 0), (10, 0), (10, 10), (5, 2), (0, 10)], float)
    assert inside(notched, np.array([(5.0, 6.0), (1.0, 6.0), (9.0, 6.0)])) == [
        False, True, True,
    ]  # fmt: skip


def test_any_polygon_of_the_frame_is_enough_and_those_of_other_frames_do_not_count() -> None:
    points = np.array([(5.0, 5.0), (25.0, 5.0), (15.0, 5.0)])
    shifted = SQUARE + np.array([20.0, 0.0])
    polygons = Polygons.of_frames([[SQUARE, shifted], [], [shifted]])
    frames = np.array([0, 1, 2, -1, 7])
    held = polygons.hold(frames, np.stack([points] * len(frames)))
    assert held.tolist() == [[True, True, False], [False] * 3, [False, True, False], [False] * 3, [False] * 3]
    joined = Polygons.join([polygons, Polygons.of_frames([]), polygons], [0, 3, 3])
    assert joined.hold(frames + 3, np.stack([points] * 5))[:3].tolist() == held[:3].tolist()
    assert joined.hold(frames, np.stack([points] * 5))[:4].tolist() == held[:4].tolist()


def test_no_polygon_holds_nothing() -> None:
    assert not Polygons.of_frames([[], []]).hold(np.array([0, 1]), np.zeros((2, 3, 2))).any()


def test_points_in_portions_are_judged_as_all_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    points = np.random.default_rng(0).uniform(-5, 15, (1, 200, 2))
    polygons = Polygons.of_frames([[SQUARE]])
    whole = polygons.hold(np.zeros(1, int), points)
    monkeypatch.setattr("workers.evaluation.posetrack.polygons._EDGES_AT_A_TIME", 16)
    assert np.array_equal(polygons.hold(np.zeros(1, int), points), whole)
    assert 0 < whole.sum() < 200


def test_whole_numbers_on_and_around_random_polygons_are_judged_as_opencv_judges_them() -> None:
    rng = np.random.default_rng(0)
    grid = np.stack(np.meshgrid(np.arange(21), np.arange(21)), axis=-1).reshape(-1, 2).astype(float)
    for _ in range(30):
        angles = np.sort(rng.uniform(0, 2 * np.pi, 9))
        star = np.round(10 + rng.uniform(2, 10, (9, 1)) * np.stack([np.cos(angles), np.sin(angles)], axis=1))
        contour = star.astype(np.float32)
        expected = [cv2.pointPolygonTest(contour, tuple(point), False) > 0 for point in grid.tolist()]
        assert inside(star, grid) == expected

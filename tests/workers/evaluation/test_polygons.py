from __future__ import annotations

import cv2
import numpy as np
import pytest

from workers.evaluation.polygons import inside_any, inside_polygon

SQUARE = np.array([(0, 0), (10, 0), (10, 10), (0, 10)], float)


@pytest.mark.parametrize(
    ("point", "inside"),
    [((5, 5), True), ((0.001, 9.999), True), ((-1, 5), False), ((5, 11), False),
     ((0, 5), False), ((5, 0), False), ((5, 10), False), ((10, 10), False)],
)  # fmt: skip
def test_a_square_holds_what_is_inside_and_not_its_outline(
    point: tuple[float, float], inside: bool
) -> None:
    assert inside_polygon(SQUARE, np.array([point], float)).tolist() == [inside]
    assert inside_polygon(SQUARE[::-1], np.array([point], float)).tolist() == [inside]


def test_a_notch_is_outside_though_it_is_between_the_corners() -> None:
    notched = np.array([(0, 0), (10, 0), (10, 10), (5, 2), (0, 10)], float)
    assert inside_polygon(notched, np.array([(5.0, 6.0), (1.0, 6.0), (9.0, 6.0)])).tolist() == [
        False, True, True,
    ]  # fmt: skip


def test_any_of_several_polygons_is_enough_and_shapes_are_kept() -> None:
    points = np.array([[(5.0, 5.0), (25.0, 5.0)], [(15.0, 5.0), (-5.0, 5.0)]])
    shifted = SQUARE + np.array([20.0, 0.0])
    assert inside_any((SQUARE, shifted), points).tolist() == [[True, True], [False, False]]
    assert inside_any((), points).tolist() == [[False, False], [False, False]]


def test_whole_numbers_on_and_around_random_polygons_are_judged_as_opencv_judges_them() -> None:
    rng = np.random.default_rng(0)
    grid = np.stack(np.meshgrid(np.arange(21), np.arange(21)), axis=-1).reshape(-1, 2).astype(float)
    for _ in range(30):
        angles = np.sort(rng.uniform(0, 2 * np.pi, 9))
        star = np.round(10 + rng.uniform(2, 10, (9, 1)) * np.stack([np.cos(angles), np.sin(angles)], axis=1))
        contour = star.astype(np.float32)
        expected = [cv2.pointPolygonTest(contour, tuple(point), False) > 0 for point in grid.tolist()]
        assert inside_polygon(star, grid).tolist() == expected

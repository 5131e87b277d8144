from __future__ import annotations

import numpy as np
import pytest

from spaces.errors import VipnasError
from workers.data.codec import Codec

CODEC = Codec((64, 48), sigma=2.0)  # maps of 16 x 12


def joints(*rows: tuple[float, float, float]) -> np.ndarray:
    return np.array([rows], dtype=np.float32)


def test_the_gaussian_sits_at_the_rounded_cell_with_peak_one() -> None:
    targets, weights = CODEC.encode(joints((22.0, 29.0, 2.0)))  # 22/4+.5 = 6, 29/4+.5 = 7.75 -> 7
    assert targets.shape == (1, 1, 16, 12)
    assert targets.dtype == weights.dtype == np.float32
    assert weights.tolist() == [[1.0]]
    assert targets[0, 0, 7, 6] == 1.0
    assert targets[0, 0, 8, 8] == pytest.approx(np.exp(-5 / 8))
    assert targets[0, 0, 13, 6] == pytest.approx(np.exp(-36 / 8))  # 3 sigma away
    assert targets[0, 0, 14, 6] == 0.0


def test_unlabelled_and_far_joints_weigh_nothing() -> None:
    targets, weights = CODEC.encode(joints((20, 20, 0), (-100, 20, 2), (20, 300, 2), (20, 20, 1)))
    assert weights.tolist() == [[0, 0, 0, 1]]
    assert not targets[0, :3].any()


def test_a_gaussian_partly_on_the_map_counts() -> None:
    targets, weights = CODEC.encode(joints((-16.0, 20.0, 2.0), (-28.0, 20.0, 2.0)))  # cells -3 and -6
    assert weights.tolist() == [[1, 1]]
    assert targets[0, 0, 5, 0] == pytest.approx(np.exp(-9 / 8))
    assert CODEC.encode(joints((-32.0, 20.0, 2.0)))[1].tolist() == [[0]]  # cell -7


def test_the_vectorised_encoding_equals_the_loop_of_the_released_code() -> None:
    rng = np.random.default_rng(0)
    keypoints = np.concatenate(
        [rng.uniform(-30, 90, (5, 17, 2)), rng.integers(0, 3, (5, 17, 1))], axis=-1
    ).astype(np.float32)
    targets, weights = CODEC.encode(keypoints)
    assert 0 < weights.mean() < 1
    for person in range(5):
        for joint in range(17):
            expected, weight = _released_target(keypoints[person, joint])
            assert weights[person, joint] == weight
            assert np.allclose(targets[person, joint], expected, atol=1e-6)


def test_decoding_moves_a_quarter_cell_toward_the_larger_neighbour() -> None:
    maps = np.zeros((1, 2, 16, 12), np.float32)
    maps[0, 0, 5, 6], maps[0, 0, 5, 7], maps[0, 0, 4, 6] = 0.9, 0.5, 0.2
    maps[0, 1, 0, 11] = 0.7  # a corner stays where it is
    points, scores = CODEC.decode(maps)
    assert points.tolist() == [[[4 * 6.25, 4 * 4.75], [44.0, 0.0]]]
    assert np.allclose(scores, [[0.9, 0.7]])


def test_decoding_what_was_encoded_is_within_half_a_cell() -> None:
    rng = np.random.default_rng(1)
    points = rng.uniform(0, (45, 61), (8, 17, 2)).astype(np.float32)  # up to half a cell past the last one
    targets, weights = CODEC.encode(np.concatenate([points, np.full((8, 17, 1), 2, np.float32)], axis=-1))
    decoded, scores = CODEC.decode(targets)
    assert weights.all()
    assert (scores == 1).all()
    assert np.abs(decoded - points).max() <= 2.0


def test_decoding_leaves_its_input_and_takes_any_batch() -> None:
    maps = np.random.default_rng(2).random((3, 17, 16, 12), dtype=np.float32)
    before = maps.copy()
    together, _ = CODEC.decode(maps)
    apart = np.concatenate([CODEC.decode(maps[i : i + 1])[0] for i in range(3)])
    assert (maps == before).all()
    assert (together == apart).all()


def test_sides_that_the_stride_does_not_divide_are_refused() -> None:
    with pytest.raises(VipnasError, match=r"multiples of 4, got \(63, 48\)"):
        Codec((63, 48))


def _released_target(joint: np.ndarray) -> tuple[np.ndarray, float]:
    """MMPose's TopDownGenerateTarget for one joint of a 16 x 12 map, sigma 2."""
    target, reach = np.zeros((16, 12)), 6
    column, row = int(joint[0] / 4 + 0.5), int(joint[1] / 4 + 0.5)
    left, top, right, bottom = column - reach, row - reach, column + reach + 1, row + reach + 1
    if joint[2] == 0 or left >= 12 or top >= 16 or right <= 0 or bottom <= 0:
        return target, 0.0
    axis = np.arange(2 * reach + 1)
    gaussian = np.exp(-((axis - reach) ** 2 + (axis[:, None] - reach) ** 2) / (2 * 2.0**2))
    xs, ys = slice(max(0, left), min(right, 12)), slice(max(0, top), min(bottom, 16))
    target[ys, xs] = gaussian[ys.start - top : ys.stop - top, xs.start - left : xs.stop - left]
    return target, 1.0

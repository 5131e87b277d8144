"""Predictions against heatmaps whose peaks are known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from workers.data.codec import Codec
from workers.data.crop import apply_affine
from workers.data.people import People
from workers.data.skeleton import COCO17
from workers.errors import TrainingError
from workers.evaluation.crops import ValidationCrops, prepare_crops
from workers.evaluation.predict import merge_flipped, predict_keypoints, to_image_px

INPUT_HW = (64, 48)
CODEC = Codec(input_hw=INPUT_HW)


@pytest.fixture
def crops(people: People) -> ValidationCrops:
    return prepare_crops(people, INPUT_HW)


def random_network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(3, 8, 5, stride=4, padding=2),
        nn.BatchNorm2d(8),
        nn.ReLU(),
        nn.Conv2d(8, 17, 3, padding=1),
    )


class Remembered(nn.Module):
    """Gives prepared heatmaps in turn, whatever comes in."""

    def __init__(self, heatmaps: np.ndarray) -> None:
        super().__init__()
        self.heatmaps, self.next = torch.from_numpy(heatmaps), 0

    def forward(self, x: Tensor) -> Tensor:
        self.next += len(x)
        return self.heatmaps[self.next - len(x) : self.next]


def test_encoded_joints_come_back_in_image_pixels_within_a_cell(
    people: People, crops: ValidationCrops
) -> None:
    joints = np.stack([person.keypoints for person in people.people])
    in_crop = joints.copy()
    for row, affine in zip(in_crop, crops.affines, strict=True):
        row[:, :2] = apply_affine(row[:, :2], affine)
    heatmaps, weights = CODEC.encode(in_crop)
    assert weights.all()
    keypoints, scores = predict_keypoints(Remembered(heatmaps), crops, CODEC, batch_size=3)
    np.testing.assert_array_equal(scores, np.ones((4, 17)))
    image_px_per_cell = 4 / crops.affines[:, 0, 0]
    error = np.abs(keypoints - joints[..., :2]).max(axis=(1, 2))
    assert (error <= 0.75 * image_px_per_cell).all()  # half a cell, a quarter more beside the map's edge


def test_a_point_goes_back_by_the_inverse_affine_by_hand() -> None:
    """x' = 2x + 3 and y' = 2y - 5: (23, 15) came from (10, 10)."""
    affine = np.array([[[2.0, 0, 3], [0, 2, -5]]])
    np.testing.assert_allclose(to_image_px(np.array([[[23.0, 15]]]), affine), [[[10, 10]]])


def test_predictions_do_not_depend_on_the_batch_remainder_or_on_the_order(crops: ValidationCrops) -> None:
    network = random_network()
    keypoints, scores = predict_keypoints(network, crops, CODEC, batch_size=4)
    for batch_size in (1, 3, 100):
        again, again_scores = predict_keypoints(network, crops, CODEC, batch_size)
        np.testing.assert_allclose(again, keypoints)
        np.testing.assert_allclose(again_scores, scores, rtol=1e-5)
    order = np.array([2, 0, 3, 1])
    shuffled = replace(crops, images=crops.images[order], affines=crops.affines[order])
    again, _ = predict_keypoints(network, shuffled, CODEC, batch_size=4)
    np.testing.assert_array_equal(again, keypoints[order])


def test_two_runs_give_the_same_bits(crops: ValidationCrops) -> None:
    first, second = (predict_keypoints(random_network(), crops, CODEC, 3) for _ in range(2))
    np.testing.assert_array_equal(first[0], second[0])
    np.testing.assert_array_equal(first[1], second[1])


def test_a_network_left_in_training_mode_is_evaluated_in_eval_mode(crops: ValidationCrops) -> None:
    expected, _ = predict_keypoints(random_network().eval(), crops, CODEC, 2)
    np.testing.assert_array_equal(predict_keypoints(random_network().train(), crops, CODEC, 2)[0], expected)


def test_read_only_crops_are_enough(crops: ValidationCrops) -> None:
    for array in (crops.images, crops.affines):
        array.flags.writeable = False
    predict_keypoints(random_network(), crops, CODEC, 2)


def test_mirrored_encoded_joints_merge_to_the_unmirrored_heatmaps() -> None:
    """The exact heatmaps of a mirrored crop, turned back and shifted, are the exact heatmaps of the crop."""
    rng = np.random.default_rng(0)
    points = rng.integers((8, 8), (40, 56), size=(2, 17, 2))
    joints = np.concatenate([points, np.full((2, 17, 1), 2)], axis=-1)
    mirrored = joints[:, COCO17.flip_order]
    mirrored[..., 0] = 47 - mirrored[..., 0]
    heatmaps, _ = CODEC.encode(joints)
    of_mirrored, _ = CODEC.encode(mirrored)
    order = torch.from_numpy(COCO17.flip_order)
    merged = merge_flipped(torch.from_numpy(heatmaps), torch.from_numpy(of_mirrored), order)
    # No cell lies to the left of the first column to be shifted into it.
    np.testing.assert_array_equal(merged[..., 1:], heatmaps[..., 1:])


def test_the_flip_test_by_hand() -> None:
    """The joints swap, (1 2 3) turns to (3 2 1) and shifts to (3 3 2); the mean with zeros halves."""
    of_mirrored = torch.tensor([[[[1.0, 2, 3]], [[10, 20, 30]]]])
    merged = merge_flipped(torch.zeros(1, 2, 1, 3), of_mirrored, torch.tensor([1, 0]))
    torch.testing.assert_close(merged, torch.tensor([[[[15.0, 15, 10]], [[1.5, 1.5, 1]]]]))


def test_the_flip_test_changes_the_prediction_of_an_asymmetric_network(crops: ValidationCrops) -> None:
    _, plain = predict_keypoints(random_network(), crops, CODEC, 2)
    _, flipped = predict_keypoints(random_network(), crops, CODEC, 2, flip_test=True)
    assert not np.allclose(plain, flipped)


def test_heatmaps_that_are_not_finite_are_refused(crops: ValidationCrops) -> None:
    heatmaps = np.zeros((4, 17, 16, 12), dtype=np.float32)
    heatmaps[3, 5, 2, 2] = np.nan
    with pytest.raises(TrainingError, match="heatmaps must be finite"):
        predict_keypoints(Remembered(heatmaps), crops, CODEC, 3)

"""One evaluation from end to end: the AP of a network that knows the answer, and of one that does not."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from workers.data.codec import Codec
from workers.data.crop import apply_affine
from workers.data.normalise import MEAN_RGB, STD_RGB
from workers.data.people import People
from workers.errors import DataError
from workers.evaluation.coco.ap import CocoScorer
from workers.evaluation.crops import ValidationCrops, prepare_crops
from workers.evaluation.evaluate import Evaluation, evaluate

INPUT_HW = (128, 96)
CODEC = Codec(input_hw=INPUT_HW)


@pytest.fixture
def crops(people: People) -> ValidationCrops:
    return prepare_crops(people, INPUT_HW)


class Knowing(nn.Module):
    """Looks each crop up by its mean colour and gives the true heatmaps of the person ."""

    def __init__(self, people: People, crops: ValidationCrops) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(3)
        joints = np.stack([person.keypoints for person in people.people])
        for row, affine in zip(joints, crops.affines, strict=True):
            row[:, :2] = apply_affine(row[:, :2], affine)
        self.heatmaps = torch.from_numpy(CODEC.encode(joints)[0])
        self.colours = torch.from_numpy(crops.images).float().mean((1, 2))

    def forward(self, x: Tensor) -> Tensor:
        self.norm(x)
        colours = x.mean((2, 3)) * torch.tensor(STD_RGB) + torch.tensor(MEAN_RGB)
        return self.heatmaps[torch.cdist(colours, self.colours).argmin(1)]


def untrained() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(3, 8, 5, stride=4, padding=2, bias=False),
        nn.BatchNorm2d(8),
        nn.ReLU(),
        nn.Conv2d(8, 17, 3, padding=1),
    )


def test_a_network_that_knows_the_joints_scores_high(people: People, crops: ValidationCrops) -> None:
    network = Knowing(people, crops)
    evaluation = evaluate(network, crops.images, crops, people, CODEC, batch_size=3, flip_test=False)
    assert evaluation.ap.ap50 == pytest.approx(1)
    assert evaluation.recalibrate_s > 0
    assert evaluation.evaluate_s > 0


def test_an_untrained_network_scores_nothing(people: People, crops: ValidationCrops) -> None:
    assert evaluate(untrained(), crops.images, crops, people, CODEC, 3, flip_test=True).ap.ap < 0.05


def test_the_result_is_the_same_after_another_network_and_from_a_prepared_scorer(
    people: People, crops: ValidationCrops
) -> None:
    scorer = CocoScorer.from_people(people)

    def run(network: nn.Module, truth: People | CocoScorer) -> Evaluation:
        return evaluate(network, crops.images, crops, truth, CODEC, 3, flip_test=False)

    network = untrained()
    first = run(network, people)
    run(Knowing(people, crops), scorer)
    again = run(network, scorer)
    assert again.ap == first.ap


def test_no_recalibration_images_are_refused(people: People, crops: ValidationCrops) -> None:
    with pytest.raises(DataError, match="recalibration needs at least one image"):
        evaluate(untrained(), crops.images[:0], crops, people, CODEC, 3, flip_test=False)

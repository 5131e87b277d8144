"""The last layer of a network for joints that it was not trained on."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from spaces.registry import build_space
from tests.workers.weights.filling import draw_images, fill
from workers.data.skeleton import COCO17, POSETRACK17
from workers.weights.joints import with_joints_of


def test_rows_go_to_the_joint_of_their_name_and_the_head_starts_as_what_is_around_it() -> None:
    weights = {"final.weight": torch.arange(17.0).view(17, 1, 1, 1), "final.bias": 10 * torch.arange(17.0)}
    moved = with_joints_of(weights, COCO17.names, POSETRACK17.names)
    bottom, top = (0 + 5 + 6) / 3, (1 + 2) / 2  # nose and shoulders; eyes
    rows = [0, bottom, top, *range(3, 17)]
    assert moved["final.weight"].flatten().tolist() == pytest.approx(rows)
    assert moved["final.bias"].tolist() == pytest.approx([10 * row for row in rows])


def test_joints_in_another_order_or_number_follow_their_names() -> None:
    kernels, biases = torch.tensor([1.0, 2.0]), torch.tensor([3.0, 4.0])
    weights = {"final.weight": kernels.view(2, 1, 1, 1), "final.bias": biases}
    moved = with_joints_of(weights, ("a", "b"), ("b", "tail", "a"))
    assert moved["final.weight"].flatten().tolist() == [2.0, 0.0, 1.0]
    assert moved["final.bias"].tolist() == [4.0, 0.0, 3.0]


def test_names_that_do_not_fit_the_layer_are_refused() -> None:
    with pytest.raises(ValueError, match="17 joints were trained, but 1 are named"):
        with_joints_of({"final.bias": torch.zeros(17)}, ("nose",), POSETRACK17.names)


@pytest.mark.parametrize("name", ["mobilenetv3-small", "hrnet-w32"])
def test_a_moved_network_draws_the_same_heatmaps_under_the_new_names(name: str) -> None:
    space = build_space(name, 17, (64, 64))
    network, other = (fill(space.network(space.smallest())).eval() for _ in range(2))
    assert np.array_equal(COCO17.names[5:], POSETRACK17.names[5:])
    other.load_state_dict(with_joints_of(network.state_dict(), COCO17.names, POSETRACK17.names))
    image = draw_images(1, space.input_hw)
    with torch.inference_mode():
        before, after = network(image), other(image)
    same = [0, *range(3, 17)]
    assert torch.allclose(before[:, same], after[:, same])
    assert torch.allclose(before[:, 1:3].mean(dim=1), after[:, 2], rtol=1e-4, atol=1e-6)
    assert not torch.allclose(before[:, 1], after[:, 1])


def test_rows_follow_their_joint_in_another_spelling() -> None:
    weights = {"final.bias": torch.tensor([1.0, 2.0, 3.0])}
    moved = with_joints_of(weights, ("nose", "left_eye", "right_eye"), ("R_Eye", "L_Eye", "Head Top", "Nose"))
    assert moved["final.bias"].tolist() == [3.0, 2.0, 2.5, 1.0]

from __future__ import annotations

import torch

from workers.training.loops.loss import heatmap_loss


def test_the_loss_is_the_weighted_mean_of_squares() -> None:
    predicted = torch.tensor([[[[1.0, 3.0]], [[2.0, 2.0]]]])  # one person, two joints, 1 x 2 cells
    target = torch.tensor([[[[0.0, 1.0]], [[0.0, 0.0]]]])
    # joint 1: (1 + 4) / 2 = 2.5 with weight 1; joint 2: 4 with weight 0; mean over the two joints
    assert heatmap_loss(predicted, target, torch.tensor([[1.0, 0.0]])).item() == 1.25
    assert heatmap_loss(predicted, target, torch.ones(1, 2)).item() == 3.25

from __future__ import annotations

import torch

from spaces.layers.norm import ElasticBatchNorm2d
from tests.spaces.counting import fill


def test_in_training_it_normalises_by_the_batch_and_leaves_the_statistics_alone() -> None:
    norm = ElasticBatchNorm2d(4).train()
    out = norm(torch.tensor([1.0, 3.0]).reshape(2, 1, 1, 1).expand(2, 3, 1, 1))
    torch.testing.assert_close(out[:, :, 0, 0], torch.tensor([[-1.0] * 3, [1.0] * 3]), rtol=0, atol=1e-4)
    assert (norm.running_mean == 0).all()
    assert (norm.running_var == 1).all()


def test_in_eval_mode_it_uses_the_first_channels_statistics() -> None:
    norm = fill(ElasticBatchNorm2d(4)).eval()
    x = torch.randn(2, 3, 2, 2)
    scale = norm.weight[:3] / (norm.running_var[:3] + 1e-5).sqrt()
    expected = (x - norm.running_mean[:3, None, None]) * scale[:, None, None] + norm.bias[:3, None, None]
    torch.testing.assert_close(norm(x), expected, rtol=0, atol=1e-5)

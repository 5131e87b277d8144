from __future__ import annotations

import numpy as np
import torch

from workers.data.normalise import MEAN_RGB, STD_RGB, to_input


def test_pixels_become_normalised_channels_last_floats() -> None:
    images = np.random.default_rng(0).integers(0, 256, (2, 8, 6, 3), np.uint8)
    tensor = to_input(images)
    assert tensor.shape == (2, 3, 8, 6)
    assert tensor.dtype == torch.float32
    assert tensor.is_contiguous(memory_format=torch.channels_last)
    expected = (images.astype(np.float64) - MEAN_RGB) / STD_RGB
    assert np.allclose(tensor.permute(0, 2, 3, 1).numpy(), expected, atol=1e-6)


def test_the_input_is_left_as_it_was_and_tensors_are_taken_too() -> None:
    images = np.full((1, 4, 4, 3), 7, np.uint8)
    assert torch.equal(to_input(torch.from_numpy(images)), to_input(images))
    assert (images == 7).all()

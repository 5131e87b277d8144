"""BatchNorm statistics against hand-worked numbers and a single big batch."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from workers.data.normalise import to_input
from workers.errors import DataError, TrainingError
from workers.evaluation.recalibrate import Moments, recalibrate


def small_network() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(3, 8, 3, stride=2, padding=1, bias=False),
        nn.BatchNorm2d(8),
        nn.ReLU(),
        nn.Conv2d(8, 4, 3, padding=1, bias=False),
        nn.BatchNorm2d(4, momentum=None),
        nn.ReLU(),
    )


def some_images(count: int = 10) -> np.ndarray:
    """Images whose brightness differs, so that batches differ too."""
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 56, size=(count, 16, 12, 3))
    return (noise + np.linspace(0, 200, count)[:, None, None, None]).astype(np.uint8)


def statistics(network: nn.Module) -> list[Tensor]:
    return [buffer.clone() for name, buffer in network.named_buffers() if "running" in name]


class Constant(nn.Module):
    """Gives each image's first red value over its two pixels, then a BatchNorm."""

    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(1)

    def forward(self, x: Tensor) -> Tensor:
        result: Tensor = self.norm(x[:, :1] * 58.395 + 123.675)  # back to bytes
        return result


def test_four_grey_images_give_their_mean_and_variance_by_hand_whatever_the_batches() -> None:
    """0, 10, 20 and 50: mean 20, E[x^2] = (0 + 100 + 400 + 2500) / 4 = 750, variance 750 - 400 = 350."""
    images = np.zeros((4, 2, 1, 3), dtype=np.uint8)
    images[:] = np.array([0, 10, 20, 50])[:, None, None, None]
    for batch_size in (1, 2, 3, 4, 100):
        norm = recalibrate(Constant(), images, batch_size).norm
        assert isinstance(norm, nn.BatchNorm2d)
        torch.testing.assert_close(norm.running_mean, torch.tensor([20.0]))
        torch.testing.assert_close(norm.running_var, torch.tensor([350.0]))


def test_the_variance_between_batches_is_kept() -> None:
    """(0, 10) and (20, 50) vary by 25 and 225 inside, by 125 on average: 350 holds 225 between them."""
    moments = Moments()
    moments.merge(Moments.of(torch.tensor([[0.0], [10.0]])))
    moments.merge(Moments.of(torch.tensor([[20.0], [50.0]])))
    _, variance = moments.compute()
    assert variance.item() == 350
    assert (25 + 225) / 2 == 125


def test_moments_are_exact_where_float32_squares_would_cancel() -> None:
    x = 1000 + 0.01 * torch.randn(8, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    moments = Moments()
    for part in x.split(3):
        moments.merge(Moments.of(part))
    mean, variance = moments.compute()
    torch.testing.assert_close(mean, x.double().mean((0, 2, 3)), rtol=1e-7, atol=0)
    torch.testing.assert_close(variance, x.double().var((0, 2, 3), correction=0), rtol=1e-3, atol=0)


@pytest.mark.parametrize("batch_size", [1, 3, 4, 10])
def test_the_first_batch_norm_equals_one_big_batch_for_any_split(batch_size: int) -> None:
    images, network = some_images(), small_network()
    with torch.no_grad():
        entering = network[0](to_input(images)).double()
    recalibrate(network, images, batch_size)
    mean, variance, *_ = statistics(network)
    torch.testing.assert_close(mean.double(), entering.mean((0, 2, 3)), rtol=1e-6, atol=1e-6)
    expected = entering.var((0, 2, 3), correction=0)
    torch.testing.assert_close(variance.double(), expected, rtol=1e-6, atol=1e-6)


def test_every_batch_norm_equals_one_big_batch_when_there_is_one() -> None:
    images, network = some_images(), small_network()
    recalibrate(network, images, len(images))
    reference = small_network().train()
    with torch.no_grad():
        entering = reference[:4](to_input(images)).double()
    _, _, mean, variance = statistics(network)
    torch.testing.assert_close(mean.double(), entering.mean((0, 2, 3)), rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(variance.double(), entering.var((0, 2, 3), correction=0), rtol=1e-5, atol=1e-6)


def test_what_the_statistics_held_before_has_no_influence() -> None:
    fresh, used = small_network(), small_network()
    for module in used.modules():
        if isinstance(module, nn.BatchNorm2d):
            assert module.running_mean is not None
            module.running_mean.fill_(float("nan"))
    recalibrate(fresh, some_images(), 4)
    recalibrate(used, some_images(), 4)
    for one, other in zip(statistics(fresh), statistics(used), strict=True):
        assert torch.equal(one, other)


def test_the_network_comes_back_in_eval_mode_with_its_momenta_weights_and_no_hooks() -> None:
    network = small_network().train()
    weights = [parameter.clone() for parameter in network.parameters()]
    assert recalibrate(network, some_images(), 4) is network
    assert not any(module.training for module in network.modules())
    assert [m.momentum for m in network if isinstance(m, nn.BatchNorm2d)] == [0.1, None]
    assert not any(module._forward_pre_hooks for module in network.modules())
    for before, after in zip(weights, network.parameters(), strict=True):
        assert torch.equal(before, after)
        assert after.grad is None


def test_a_recalibrated_network_can_still_be_trained() -> None:
    network = recalibrate(small_network(), some_images(), 4).train()
    network(to_input(some_images(2))).sum().backward()
    assert all(parameter.grad is not None for parameter in network.parameters())


def test_an_error_inside_the_network_leaves_no_hook_behind() -> None:
    network = nn.Sequential(nn.BatchNorm2d(3), nn.Linear(7, 1))
    with pytest.raises(RuntimeError, match="shapes"):
        recalibrate(network, some_images(), 4)
    assert not network[0]._forward_pre_hooks
    assert not network[0].training


def test_layers_behind_see_what_training_mode_would_give_them() -> None:
    images, network, training = some_images(9), small_network(), small_network().train()
    seen: list[Tensor] = []
    hook = network[4].register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0].clone()))
    recalibrate(network, images, 3)
    hook.remove()
    with torch.no_grad():
        for batch, got in zip(np.split(images, 3), seen, strict=True):
            torch.testing.assert_close(got, training[:4](to_input(batch)))


def test_dropout_stays_off() -> None:
    network = nn.Sequential(nn.Dropout(0.9), nn.BatchNorm2d(3))
    recalibrate(network, some_images(), 4)
    expected = to_input(some_images()).double().mean((0, 2, 3))
    torch.testing.assert_close(statistics(network)[0].double(), expected, rtol=1e-5, atol=1e-6)


def test_a_network_without_batch_norm_passes() -> None:
    network = nn.Conv2d(3, 2, 1)
    assert recalibrate(network, some_images(), 4) is network


def test_read_only_images_are_enough() -> None:
    images = some_images()
    images.flags.writeable = False
    recalibrate(small_network(), images, 4)


def test_no_images_are_refused() -> None:
    with pytest.raises(DataError, match="recalibration needs at least one image, got none"):
        recalibrate(small_network(), some_images()[:0], 4)


def test_diverged_weights_are_refused_with_the_layers_name() -> None:
    network = small_network()
    with torch.no_grad():
        next(network[3].parameters())[0, 0, 0, 0] = float("inf")
    with pytest.raises(TrainingError, match="BatchNorm '4' must be finite"):
        recalibrate(network, some_images(), 4)

"""The elastic transposed convolution against nn.ConvTranspose2d, its weights laid out by hand."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from spaces.layers.deconv import ElasticDeconv2d, deconv_padding, to_transposed
from spaces.layers.deconv_norm import DeconvNorm, ElasticDeconvNorm, deconv_norm_cost
from tests.spaces.counting import counted, fill


@pytest.mark.parametrize(
    ("width_in", "out", "kernel", "groups"),
    [(8, 12, 4, 1), (8, 4, 4, 4), (6, 4, 2, 2), (4, 8, 4, 4), (4, 12, 2, 1)],
)
def test_each_filter_keeps_its_first_inputs_and_centred_kernel(
    width_in: int, out: int, kernel: int, groups: int
) -> None:
    elastic = fill(ElasticDeconv2d(8, 12, 4))
    plain = nn.ConvTranspose2d(
        width_in, out, kernel, stride=2, padding=(kernel - 2) // 2, groups=groups, bias=False
    )
    margin = (4 - kernel) // 2
    with torch.no_grad():
        for group in range(groups):
            for filter_ in range(out // groups):
                for source in range(width_in // groups):
                    # PyTorch: weight[input, filter inside the input's group]; ours: weight[filter, its input]
                    plain.weight[group * (width_in // groups) + source, filter_] = elastic.weight[
                        group * (out // groups) + filter_, source, margin : 4 - margin, margin : 4 - margin
                    ]
    x = torch.randn(2, width_in, 5, 3)
    torch.testing.assert_close(elastic(x, out, kernel, groups), plain(x), rtol=0, atol=1e-6)


@pytest.mark.parametrize("kernel", [2, 4])
def test_the_resolution_doubles(kernel: int) -> None:
    assert deconv_padding(kernel) == {2: 0, 4: 1}[kernel]
    assert fill(ElasticDeconv2d(4, 4, 4))(torch.zeros(1, 4, 8, 6), 4, kernel, 1).shape == (1, 4, 16, 12)


def test_the_layout_by_hand() -> None:
    """Filters 0, 1 | 2, 3 over 2 inputs each, weight 10 * filter + input: rows are inputs of both groups."""
    weight = (10 * torch.arange(4.0)[:, None] + torch.arange(2.0))[:, :, None, None]
    assert to_transposed(weight, 2)[:, :, 0, 0].tolist() == [[0, 10], [1, 11], [20, 30], [21, 31]]


@pytest.mark.parametrize("training", [True, False])
def test_deconvolution_norm_and_relu_act_as_their_plain_twin(training: bool) -> None:
    elastic = fill(ElasticDeconvNorm(8, 12, 4)).train(training)
    plain = DeconvNorm(8, 6, 4, groups=2).train(training)
    with torch.no_grad():
        plain.conv.weight.copy_(to_transposed(elastic.conv.weight[:6, :4], 2))
        for name in ("weight", "bias", "running_mean", "running_var"):
            getattr(plain.norm, name).copy_(getattr(elastic.norm, name)[:6])
    x = torch.randn(4, 8, 5, 5)
    torch.testing.assert_close(elastic(x, 6, 4, 2), plain(x), rtol=0, atol=1e-6)


def test_the_cost_is_what_the_plain_twin_counts() -> None:
    class OnImage(nn.Sequential):
        """Takes an image, as `counted` gives one."""

    network = OnImage(DeconvNorm(3, 6, 4, groups=3))
    assert counted(network, (8, 6)) == deconv_norm_cost(3, 6, 4, 3, pixels_in=48)

"""Weights before training: zero-mean Gaussian, sigma 0.001 (paper, section 4.2)."""

import torch
from torch import nn

from spaces.layers.conv import ElasticConv2d
from spaces.layers.deconv import ElasticDeconv2d
from spaces.streams import Stream, torch_generator

SIGMA = 0.001
WEIGHTED = (nn.Conv2d, nn.ConvTranspose2d, ElasticConv2d, ElasticDeconv2d)


@torch.no_grad()
def initialise(network: nn.Module, seed: int, sigma: float = SIGMA) -> nn.Module:
    """Fills every (transposed) convolution with N(0, sigma) and its bias with zeros, plain or elastic."""
    generator = torch_generator(Stream.FIRST_WEIGHTS, seed)
    for module in network.modules():
        if isinstance(module, WEIGHTED):
            module.weight.normal_(0, sigma, generator=generator)
            bias = getattr(module, "bias", None)
            if bias is not None:
                bias.zero_()
    return network

"""From a supernet to a plain network: copied weights, no elastic code left."""

import torch
from torch import Tensor, nn

from spaces.architecture import Architecture
from spaces.layers.deconv import to_transposed
from spaces.layers.slicing import filters
from spaces.space import SearchSpace


def extract(space: SearchSpace, supernet: nn.Module, architecture: Architecture) -> nn.Module:
    """The plain network of `architecture` with the supernet's weights, in the supernet's train or eval mode.

    In eval mode its output equals supernet(x, architecture) to 1e-5. BatchNorm statistics are the supernet's:
    recalibrate before use. Raises ArchitectureError when the architecture is outside the space.
    """
    space.check(architecture)
    return take_weights(space.network(architecture), supernet)


@torch.no_grad()
def take_weights(network: nn.Module, supernet: nn.Module) -> nn.Module:
    """Fills a plain network with the active part of the supernet's weights of the same names."""
    shared = supernet.state_dict()
    for name, module in network.named_modules():
        own = dict(module.named_parameters(recurse=False)) | dict(module.named_buffers(recurse=False))
        for key, tensor in own.items():
            if key != "num_batches_tracked":
                tensor.copy_(_active_part(module, shared[f"{name}.{key}"], tensor))
    return network.train(supernet.training)


def _active_part(module: nn.Module, shared: Tensor, target: Tensor) -> Tensor:
    if isinstance(module, nn.ConvTranspose2d):
        inputs = module.in_channels // module.groups
        return to_transposed(filters(shared, module.out_channels, inputs, target.shape[-1]), module.groups)
    if target.dim() == 4:
        return filters(shared, *target.shape[:3])
    return shared[: target.shape[0]]

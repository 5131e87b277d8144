"""The T supernet's first weights: the trained S-ViPNet's, and fusions near identity (section 3.4.2)."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from spaces.errors import ArchitectureError
from spaces.initialise import SIGMA
from spaces.layers.deconv import ElasticDeconv2d, to_filters
from spaces.streams import Stream, torch_generator
from spaces.temporal.fusion import ElasticFusion, FusionModule, start_near_identity
from spaces.temporal.network import TemporalSupernet
from spaces.temporal.temporal_space import TemporalSpace

PASSING = ("weight", "running_var")  # of a normalisation that leaves its input alone: 1, all else 0


@torch.no_grad()
def start_from_spatial(
    space: TemporalSpace,
    supernet: TemporalSupernet,
    weights: Mapping[str, Tensor],
    seed: int,
    sigma: float = SIGMA,
) -> TemporalSupernet:
    """Fills the supernet from the state_dict of the plain S network, `space.spatial.network(key_frame)`.

    The biggest CNN is then S itself, statistics of BatchNorm included, and with any fusion it is nearly so.
    Layers that S does not have, for its widths agree where a narrower T-ViPNet's do not (a shortcut's
    projection, HRNet's transitions), begin as the identity on the leading channels.
    Raises ArchitectureError naming the first tensor that is missing, does not fit or is unknown.
    """
    left = {name: tensor for name, tensor in weights.items() if not name.endswith("num_batches_tracked")}
    for prefix, module in supernet.cnn.named_modules():
        own = dict(module.named_parameters(recurse=False)) | dict(module.named_buffers(recurse=False))
        for key, target in own.items():
            name = f"{prefix}.{key}"
            if name in left:
                target.copy_(_fitted(module, name, left.pop(name), target, space))
            else:
                _pass_on(key, target)
    _check_whole(space, weights, left)
    generator = torch_generator(Stream.FIRST_FUSIONS, seed)
    for module in supernet.fusions.children():
        assert isinstance(module, ElasticFusion | FusionModule)
        start_near_identity(module, generator, sigma)
    return supernet


def _fitted(module: nn.Module, name: str, given: Tensor, target: Tensor, space: TemporalSpace) -> Tensor:
    assert space.key_frame.head is not None or not isinstance(module, ElasticDeconv2d)
    if isinstance(module, ElasticDeconv2d) and space.key_frame.head is not None:
        given = to_filters(given, space.key_frame.head.groups)
    if given.shape != target.shape:
        raise ArchitectureError(
            f"weights of {space.key_frame.key} must have {name} of shape {list(target.shape)}, but it has "
            f"{list(given.shape)}; give the state_dict of the network that the temporal space is built on"
        )
    return given


def _pass_on(key: str, target: Tensor) -> None:
    if target.dim() == 4:
        nn.init.dirac_(target)
    elif target.dim() == 1:
        target.fill_(1.0 if key in PASSING else 0.0)


def _check_whole(space: TemporalSpace, weights: Mapping[str, Tensor], left: Mapping[str, Tensor]) -> None:
    with torch.device("meta"):
        wanted = space.spatial.network(space.key_frame).state_dict()
    missing = [name for name in wanted if name not in weights and not name.endswith("num_batches_tracked")]
    if missing or left:
        what = f"lack {missing[0]}" if missing else f"hold the unknown {next(iter(left))}"
        raise ArchitectureError(
            f"weights of {space.key_frame.key} must be those of its plain network, but they {what}; "
            "give the state_dict of the network that the temporal space is built on"
        )

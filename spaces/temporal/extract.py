"""From the T supernet to one frame's plain network: copied weights, no elastic code left."""

from torch import nn

from spaces.extract import take_weights
from spaces.temporal.allocation import FrameChoice
from spaces.temporal.temporal_space import TemporalSpace


def extract_frame(space: TemporalSpace, supernet: nn.Module, choice: FrameChoice) -> nn.Module:
    """The plain network of `choice` with the supernet's weights, in the supernet's train or eval mode.

    In eval mode its output equals supernet(images, heatmaps, choice) to 1e-5. BatchNorm statistics are the
    supernet's: recalibrate before use. Raises ArchitectureError when the choice is outside the space.
    """
    space.check(choice)
    return take_weights(space.network(choice), supernet).train(supernet.training)

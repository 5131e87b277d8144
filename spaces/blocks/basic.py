"""The basic block of ResNets [13] as HRNet's branches use it: two k x k convolutions, SE, shortcut."""

from typing import final

from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from spaces.architecture import StageChoice
from spaces.cost import Cost, conv_norm_cost
from spaces.layers.attention import SE
from spaces.layers.conv_norm import ConvNorm, ElasticConvNorm
from spaces.ranges import StageRange


def basic_block_cost(choice: StageChoice, pixels: int) -> Cost:
    """Parameters and MACs of one basic block on `pixels` pixels (height x width)."""
    cost = conv_norm_cost(choice.width, choice.width, choice.kernel, choice.groups, pixels) * 2
    return cost + SE.cost(choice.width, pixels) if choice.attention else cost


@final
class BasicBlock(nn.Module):
    """The basic block of one choice, a plain module: what ElasticBasicBlock is with that choice.

    Both convolutions have the choice's width, kernel and groups.
    """

    def __init__(self, choice: StageChoice) -> None:
        super().__init__()
        width, kernel, groups = choice.width, choice.kernel, choice.groups
        self.first = ConvNorm(width, width, kernel, groups=groups)
        self.second = ConvNorm(width, width, kernel, groups=groups, act="identity")
        self.attention = SE.plain(width) if choice.attention else nn.Identity()

    def forward(self, x: Float[Tensor, "B C H W"]) -> Float[Tensor, "B C H W"]:
        return F.relu(x + self.attention(self.second(self.first(x))), inplace=True)


@final
class ElasticBasicBlock(nn.Module):
    """One block of a branch. It keeps width and resolution, which the transitions in front of it set."""

    def __init__(self, stage: StageRange) -> None:
        super().__init__()
        inputs, widest, kernel = stage.group_inputs(), max(stage.width), max(stage.kernel)
        self.first = ElasticConvNorm(inputs, widest, kernel)
        self.second = ElasticConvNorm(inputs, widest, kernel, act="identity")
        self.attention = SE.elastic(widest) if any(stage.attention) else None

    def forward(self, x: Float[Tensor, "B C H W"], choice: StageChoice) -> Float[Tensor, "B C H W"]:
        width, kernel, groups = choice.width, choice.kernel, choice.groups
        out = self.second(self.first(x, width, kernel, groups), width, kernel, groups)
        if self.attention is not None and choice.attention:
            out = self.attention(out)
        return F.relu(x + out, inplace=True)

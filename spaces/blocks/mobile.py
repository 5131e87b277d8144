"""The mobile block of MobileNetV3 [14]: expand, grouped middle convolution, SE, project."""

from typing import final

from jaxtyping import Float
from torch import Tensor, nn

from spaces.architecture import StageChoice
from spaces.cost import Cost, conv_norm_cost
from spaces.layers.conv_norm import ConvNorm, ElasticConvNorm
from spaces.layers.squeeze_excitation import ElasticSqueezeExcitation, SqueezeExcitation, se_cost
from spaces.ranges import StageRange


def has_expansion(width_in: int, choice: StageChoice) -> bool:
    """At expansion 1 the middle convolution works on the input itself, where the widths allow it."""
    return choice.expansion != 1 or choice.middle != width_in


def has_shortcut(width_in: int, width: int, stride: int) -> bool:
    """Whether input and output have one shape, (B, C, H, W), so that they can be added."""
    return stride == 1 and width_in == width


def mobile_block_cost(
    width_in: int, choice: StageChoice, stride: int, pixels_in: int, pixels_out: int
) -> Cost:
    """Parameters and MACs of one mobile block, from `pixels_in` to `pixels_out` pixels (height x width)."""
    middle = choice.middle
    cost = conv_norm_cost(middle, middle, choice.kernel, choice.groups, pixels_out)
    cost += conv_norm_cost(middle, choice.width, 1, 1, pixels_out)
    if has_expansion(width_in, choice):
        cost += conv_norm_cost(width_in, middle, 1, 1, pixels_in)
    return cost + se_cost(middle) if choice.attention else cost


@final
class MobileBlock(nn.Module):
    """The mobile block of one choice, a plain module: what ElasticMobileBlock is with that choice."""

    def __init__(self, width_in: int, choice: StageChoice, stride: int, act: str) -> None:
        super().__init__()
        middle = choice.middle
        expands = has_expansion(width_in, choice)
        self.expand = ConvNorm(width_in, middle, 1, act=act) if expands else nn.Identity()
        self.middle = ConvNorm(middle, middle, choice.kernel, stride=stride, groups=choice.groups, act=act)
        self.attention = SqueezeExcitation(middle) if choice.attention else nn.Identity()
        self.project = ConvNorm(middle, choice.width, 1, act="identity")
        self.shortcut = has_shortcut(width_in, choice.width, stride)

    def forward(self, x: Float[Tensor, "B I H W"]) -> Float[Tensor, "B O h w"]:
        out = self.project(self.attention(self.middle(self.expand(x))))
        return x + out if self.shortcut else out


@final
class ElasticMobileBlock(nn.Module):
    """One block of a stage; width, expansion, kernel, groups and attention come with the choice.

    `entry` holds the widths that may come in; None behind another block of the stage, which is as wide.
    """

    def __init__(self, entry: tuple[int, ...] | None, stage: StageRange, stride: int) -> None:
        super().__init__()
        widest, middle = max(stage.width), max(stage.middles)
        expands = max(stage.expansion) > 1 or (entry is not None and (len(entry) > 1 or entry != stage.width))
        widest_in = max(entry or stage.width)
        self.expand = ElasticConvNorm(widest_in, middle, 1, act=stage.act) if expands else None
        self.middle = ElasticConvNorm(
            stage.group_inputs(), middle, max(stage.kernel), stride=stride, act=stage.act
        )
        self.attention = ElasticSqueezeExcitation(middle) if any(stage.attention) else None
        self.project = ElasticConvNorm(middle, widest, 1, act="identity")
        self.stride = stride

    def forward(
        self, x: Float[Tensor, "B I H W"], choice: StageChoice
    ) -> Float[Tensor, "B {choice.width} h w"]:
        out = x
        if self.expand is not None and has_expansion(x.shape[1], choice):
            out = self.expand(out, choice.middle)
        out = self.middle(out, choice.middle, choice.kernel, choice.groups)
        if self.attention is not None and choice.attention:
            out = self.attention(out)
        out = self.project(out, choice.width)
        return x + out if has_shortcut(x.shape[1], choice.width, self.stride) else out

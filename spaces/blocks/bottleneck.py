"""The bottleneck of ResNets [13]: 1x1, grouped middle convolution, 1x1, attention, shortcut."""

from dataclasses import dataclass
from typing import final

from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from spaces.architecture import StageChoice
from spaces.cost import Cost, conv_norm_cost
from spaces.layers.attention import Attention
from spaces.layers.conv_norm import ConvNorm, ElasticConvNorm
from spaces.ranges import StageRange


def has_projection(width_in: int, width: int, stride: int) -> bool:
    """Whether the shortcut needs a 1x1 convolution, for the block changes width or resolution."""
    return stride != 1 or width_in != width


@final
@dataclass(frozen=True, slots=True)
class BottleneckKind:
    """How a family reads a choice: the middle width is `choice.middle`, the output `outputs * choice.width`.

    ResNet-50 (Table A2) searches the output width, `outputs` 1, with the middle at width x expansion; HRNet's
    first stage (Table A3) searches the middle width, and its output is 4 times that.
    """

    attention: Attention
    outputs: int = 1

    def width(self, choice: StageChoice) -> int:
        """Output channels."""
        return self.outputs * choice.width

    def plain(self, width_in: int, choice: StageChoice, stride: int, act: str) -> "Bottleneck":
        """The plain block of one choice, with `width_in` input channels and fresh weights."""
        return Bottleneck(self, width_in, choice, stride, act)

    def elastic(self, entry: tuple[int, ...] | None, stage: StageRange, stride: int) -> "ElasticBottleneck":
        """The weight-shared block of a stage; `entry` as in ElasticBottleneck."""
        return ElasticBottleneck(self, entry, stage, stride)

    def cost(self, width_in: int, choice: StageChoice, stride: int, pixels_in: int, pixels_out: int) -> Cost:
        """Parameters and MACs of one block, from `pixels_in` to `pixels_out` pixels (height x width)."""
        middle, width = choice.middle, self.width(choice)
        cost = conv_norm_cost(width_in, middle, 1, 1, pixels_in)
        cost += conv_norm_cost(middle, middle, choice.kernel, choice.groups, pixels_out)
        cost += conv_norm_cost(middle, width, 1, 1, pixels_out)
        if choice.attention:
            cost += self.attention.cost(width, pixels_out)
        if has_projection(width_in, width, stride):
            cost += conv_norm_cost(width_in, width, 1, 1, pixels_out)
        return cost


@final
class Bottleneck(nn.Module):
    """The bottleneck of one choice, a plain module: what ElasticBottleneck is with that choice."""

    def __init__(
        self, kind: BottleneckKind, width_in: int, choice: StageChoice, stride: int, act: str = "relu"
    ) -> None:
        super().__init__()
        middle, width = choice.middle, kind.width(choice)
        self.reduce = ConvNorm(width_in, middle, 1, act=act)
        self.middle = ConvNorm(middle, middle, choice.kernel, stride=stride, groups=choice.groups, act=act)
        self.restore = ConvNorm(middle, width, 1, act="identity")
        self.attention = kind.attention.plain(width) if choice.attention else nn.Identity()
        projects = has_projection(width_in, width, stride)
        self.shortcut = (
            ConvNorm(width_in, width, 1, stride=stride, act="identity") if projects else nn.Identity()
        )

    def forward(self, x: Float[Tensor, "B I H W"]) -> Float[Tensor, "B O h w"]:
        out = self.attention(self.restore(self.middle(self.reduce(x))))
        return F.relu(out + self.shortcut(x), inplace=True)


@final
class ElasticBottleneck(nn.Module):
    """One block of a stage; widths, kernel, groups and attention come with the choice.

    `entry` holds the widths that may come in, or is None behind another block of the stage, where the input
    is as wide as the output and the shortcut needs no projection.
    """

    def __init__(
        self, kind: BottleneckKind, entry: tuple[int, ...] | None, stage: StageRange, stride: int
    ) -> None:
        super().__init__()
        widths = [kind.outputs * width for width in stage.width]
        middle, widest, widest_in = max(stage.middles), max(widths), max(entry or widths)
        projects = any(has_projection(source, width, stride) for source in entry or () for width in widths)
        self.reduce = ElasticConvNorm(widest_in, middle, 1, act=stage.act)
        self.middle = ElasticConvNorm(
            stage.group_inputs(), middle, max(stage.kernel), stride=stride, act=stage.act
        )
        self.restore = ElasticConvNorm(middle, widest, 1, act="identity")
        self.attention = kind.attention.elastic(widest) if any(stage.attention) else None
        self.shortcut = (
            ElasticConvNorm(widest_in, widest, 1, stride=stride, act="identity") if projects else None
        )
        self.kind, self.stride = kind, stride

    def forward(self, x: Float[Tensor, "B I H W"], choice: StageChoice) -> Float[Tensor, "B O h w"]:
        width = self.kind.width(choice)
        out = self.reduce(x, choice.middle)
        out = self.middle(out, choice.middle, choice.kernel, choice.groups)
        out = self.restore(out, width)
        if self.attention is not None and choice.attention:
            out = self.attention(out)
        if self.shortcut is not None and has_projection(x.shape[1], width, self.stride):
            x = self.shortcut(x, width)
        return F.relu(out + x, inplace=True)

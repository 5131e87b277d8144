"""How HRNet's branches hand features to each other: transitions between stages, exchange units inside them.

Branch b has 1 / 2^b of the first branch's resolution. A path from branch j to branch i (HRNet [49], figure 3)
is the identity where i = j; a 1x1 convolution and nearest-neighbour upsampling where i < j; and i - j 3x3
convolutions of stride 2 where i > j, of which all but the last keep the width and end in a ReLU.
"""

from collections.abc import Callable, Sequence
from typing import final

from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from spaces.cost import Cost, conv_norm_cost
from spaces.layers.conv import ElasticConv2d
from spaces.layers.conv_norm import ConvNorm, ElasticConvNorm
from spaces.layers.norm import ElasticBatchNorm2d

FeatureMaps = list[Tensor]  # one (B, C_b, H / 2^b, W / 2^b) per branch b


def needs_transition(w_in: int, w_out: int, stride: int) -> bool:
    return stride != 1 or w_in != w_out


def transition_cost(w_in: int, w_out: int, stride: int, pixels_out: int) -> Cost:
    return conv_norm_cost(w_in, w_out, 3, 1, pixels_out) if needs_transition(w_in, w_out, stride) else Cost()


def transition(w_in: int, w_out: int, stride: int) -> nn.Module:
    """The plain twin of ElasticTransition."""
    return ConvNorm(w_in, w_out, 3, stride=stride) if needs_transition(w_in, w_out, stride) else nn.Identity()


@final
class ElasticTransition(nn.Module):
    """A 3x3 convolution, BatchNorm and ReLU; the identity where neither width nor resolution changes."""

    def __init__(self, widths_in: tuple[int, ...], widths: tuple[int, ...], stride: int) -> None:
        super().__init__()
        self.conv = ElasticConv2d(max(widths_in), max(widths), 3, stride=stride)
        self.norm = ElasticBatchNorm2d(max(widths))
        self.stride = stride

    def forward(self, x: Float[Tensor, "B I H W"], out: int) -> Float[Tensor, "B {out} h w"]:
        if not needs_transition(x.shape[1], out, self.stride):
            return x
        return F.relu(self.norm(self.conv(x, out, 3)), inplace=True)


def path_cost(w_in: int, w_out: int, source: int, target: int, pixels: Sequence[int]) -> Cost:
    """One path of an exchange unit between two branches; upsampling and additions are not counted."""
    if source > target:
        return conv_norm_cost(w_in, w_out, 1, 1, pixels[source])
    cost = conv_norm_cost(w_in, w_out, 3, 1, pixels[target])
    for between in range(source + 1, target):
        cost += conv_norm_cost(w_in, w_in, 3, 1, pixels[between])
    return cost


def gather(features: FeatureMaps, target: int, path: Callable[[int, Tensor], Tensor]) -> Tensor:
    """The sum over branches of what `path(source, x)` makes of each, at the resolution of branch `target`."""
    total = path(0, features[0])
    for source in range(1, len(features)):
        part = path(source, features[source])
        if source > target:
            part = F.interpolate(part, scale_factor=float(2 ** (source - target)), mode="nearest")
        total = total + part
    return F.relu(total)


@final
class Exchange(nn.Module):
    """The plain twin of ElasticExchange."""

    def __init__(self, widths: Sequence[int], outputs: int) -> None:
        super().__init__()
        self.paths = nn.ModuleList(
            nn.ModuleList(_plain_path(widths, source, target) for source in range(len(widths)))
            for target in range(outputs)
        )

    def forward(self, features: FeatureMaps) -> FeatureMaps:
        return [
            gather(features, target, lambda source, x, row=row: row[source](x))  # type: ignore[misc]
            for target, row in enumerate(self.paths)
        ]


def _plain_path(widths: Sequence[int], source: int, target: int) -> nn.Sequential:
    if source == target:
        return nn.Sequential()
    width, out = widths[source], widths[target]
    if source > target:
        return nn.Sequential(ConvNorm(width, out, 1, act="identity"))
    down = (ConvNorm(width, width, 3, stride=2) for _ in range(target - source - 1))
    return nn.Sequential(*down, ConvNorm(width, out, 3, stride=2, act="identity"))


@final
class ElasticExchange(nn.Module):
    """Reads the active widths off the features; `outputs` branches are made, the first ones."""

    def __init__(self, widest: Sequence[int], outputs: int) -> None:
        super().__init__()
        self.paths = nn.ModuleList(
            nn.ModuleList(ElasticPath(widest, source, target) for source in range(len(widest)))
            for target in range(outputs)
        )

    def forward(self, features: FeatureMaps, outputs: int) -> FeatureMaps:
        widths = [x.shape[1] for x in features]
        return [
            gather(features, target, lambda source, x, row=row, out=out: row[source](x, out))  # type: ignore[misc]
            for target, (row, out) in enumerate(zip(self.paths, widths[:outputs], strict=False))
        ]


@final
class ElasticPath(nn.ModuleList):
    """One path: all convolutions but the last keep the width of what comes in."""

    def __init__(self, widest: Sequence[int], source: int, target: int) -> None:
        width, out = widest[source], widest[target]
        self.kernel = 1 if source > target else 3
        if source > target:
            layers = [ElasticConvNorm(width, out, 1, act="identity")]
        else:
            layers = [ElasticConvNorm(width, width, 3, stride=2) for _ in range(target - source - 1)]
        if source < target:
            layers.append(ElasticConvNorm(width, out, 3, stride=2, act="identity"))
        super().__init__(layers)

    def forward(self, x: Float[Tensor, "B I H W"], out: int) -> Float[Tensor, "B {out} h w"]:
        for index, layer in enumerate(self, start=1):
            x = layer(x, out if index == len(self) else x.shape[1], self.kernel)
        return x

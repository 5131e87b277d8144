"""T-ViPNets: a CNN with the previous frame's heatmaps fused in behind one stage, weight-shared and plain."""

from typing import final

from jaxtyping import Float
from torch import Tensor, nn

from spaces.space import SearchSpace, Tap, untouched
from spaces.temporal.allocation import FrameChoice, Fusion, Operation
from spaces.temporal.fusion import ElasticFusion, FusionModule


def fusion_name(fusion: Fusion) -> str:
    """The name of a fusion's module, in supernet and plain network alike: "add2" is Add behind stage 2."""
    return f"{fusion.operation}{fusion.stage}"


@final
class TemporalSupernet(nn.Module):
    """The weight-shared T-ViPNets of all frames: the CNN's supernet, and a fusion a stage and operation.

    A frame's choice is an argument. Without a fusion it is the CNN alone, and the heatmaps are not looked at.
    """

    def __init__(self, cnn: SearchSpace, operations: tuple[Operation, ...]) -> None:
        super().__init__()
        self.cnn = cnn.supernet()
        self.fusions = nn.ModuleDict({
            fusion_name(Fusion(stage, operation)): ElasticFusion(
                operation, cnn.keypoints, outlet.outputs * max(cnn.ranges[outlet.part].width)
            )
            for stage, outlet in enumerate(cnn.outlets, start=1)
            for operation in operations
        })  # fmt: skip

    def forward(
        self, images: Float[Tensor, "B 3 H W"], heatmaps: Float[Tensor, "B K H//4 W//4"], choice: FrameChoice
    ) -> Float[Tensor, "B K H//4 W//4"]:
        tap = _tap(self.fusions, choice.fusion, heatmaps)
        return self.cnn(images, choice.architecture, tap=tap)


@final
class TemporalNetwork(nn.Module):
    """The plain network of one frame's choice; it looks at the heatmaps only where there is a fusion."""

    def __init__(self, cnn: SearchSpace, choice: FrameChoice) -> None:
        super().__init__()
        self.cnn = cnn.network(choice.architecture)
        self.fusion = choice.fusion
        self.fusions = nn.ModuleDict()
        if choice.fusion is not None:
            outlet = cnn.outlets[choice.fusion.stage - 1]
            width = outlet.outputs * cnn.parts(choice.architecture)[outlet.part].width
            module = FusionModule(choice.fusion.operation, cnn.keypoints, width)
            self.fusions[fusion_name(choice.fusion)] = module

    def forward(
        self, images: Float[Tensor, "B 3 H W"], heatmaps: Float[Tensor, "B K H//4 W//4"]
    ) -> Float[Tensor, "B K H//4 W//4"]:
        return self.cnn(images, tap=_tap(self.fusions, self.fusion, heatmaps))


def _tap(modules: nn.ModuleDict, fusion: Fusion | None, heatmaps: Tensor) -> Tap:
    """Fuses the heatmaps into the features behind the fusion's stage, and leaves the other stages alone."""
    if fusion is None:
        return untouched
    module, at = modules[fusion_name(fusion)], fusion.stage
    return lambda stage, features: module(features, heatmaps) if stage == at else features

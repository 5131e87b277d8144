"""The ResNet-50 search space: Table A2."""

from spaces.blocks.bottleneck import BottleneckKind
from spaces.deconv_space import BlockKind, DeconvSpace
from spaces.layers.attention import GC
from spaces.ranges import EITHER, GroupSteps, StageRange, steps

GROUPS = GroupSteps(16, 64)
_BOTTLENECK = BottleneckKind(GC)
BOTTLENECK = BlockKind(plain=_BOTTLENECK.plain, elastic=_BOTTLENECK.elastic, cost=_BOTTLENECK.cost)


def _stage(depth: tuple[int, int], width: tuple[int, int], stride: int) -> StageRange:
    return StageRange(
        depth=steps(*depth, 1), width=steps(*width, 16), kernel=steps(3, 5, 2), groups=GROUPS,
        attention=EITHER, stride=stride,
    )  # fmt: skip


def resnet50(keypoints: int = 17, input_hw: tuple[int, int] = (256, 192)) -> DeconvSpace:
    """Table A2 in full: step 1 for depth, 16 for width, 2 for kernel size, 16 for groups (section A.2).

    Group numbers are those of 16, 32, 48 and 64 that divide the middle width, or both widths of every
    deconvolution. The table prints resolution 1/8 for stage 1, which pooling has already brought to 1/4 and
    which the released network keeps there: the strides are (1, 2, 2, 2).
    """
    return DeconvSpace(
        name="resnet50",
        stem=StageRange(width=steps(32, 64, 16), kernel=(7,), groups=GroupSteps(1, 1), stride=2),
        stages=(
            _stage((3, 4), (64, 80), stride=1),
            _stage((4, 6), (128, 160), stride=2),
            _stage((6, 8), (256, 320), stride=2),
            _stage((3, 4), (512, 640), stride=2),
        ),
        head=StageRange(depth=(3,), width=steps(64, 256, 16), kernel=(4,), groups=GROUPS),
        keypoints=keypoints,
        input_hw=input_hw,
        block=BOTTLENECK,
        pooled_stem=True,
    )

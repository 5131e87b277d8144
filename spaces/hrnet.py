"""The HRNet-W32 search space: Table A3."""

from spaces.hrnet_space import HRNetSpace
from spaces.ranges import EITHER, GroupPowers, GroupSteps, StageRange, steps

BRANCH_WIDTHS = (steps(8, 32, 8), steps(16, 64, 16), steps(32, 128, 16), steps(64, 256, 16))


def _branch(index: int, depth: tuple[int, ...]) -> StageRange:
    widths = BRANCH_WIDTHS[index]
    return StageRange(
        depth=depth, width=widths, kernel=(3,), groups=GroupPowers(1, max(widths)), attention=EITHER,
        tied_depth=index > 0,
    )  # fmt: skip


def hrnet_w32(keypoints: int = 17, input_hw: tuple[int, int] = (256, 192)) -> HRNetSpace:
    """Table A3 in full. Where the table is silent, these readings can hold HRNet-W32 [49] itself:

    - Depth counts blocks, and the depth of a stage is shared by its branches. A stage is a row of modules of
      4 blocks in every branch, the last of which may have fewer (depth has step 1); an exchange follows each.
    - The width of the bottleneck stage is its middle width, its output 4 times that (HRNet-W32: 64, so 256).
    - Branch 1 has width step 8, for 16 from 8 on does not reach its 32; all the others have step 16.
    - Group numbers are powers of two that divide the width, for step 16 from 1 on divides nothing.
    - Both convolutions of the stem have the one width of the table's first row, and stride 2 each.
    - A transition between stages is the identity where the widths agree, otherwise a 3x3 convolution,
      BatchNorm and ReLU; a new branch starts from the lowest resolution by the same with stride 2 (HRNet's
      own rule).
    - SE is the released S-ViPNAS-MobileNetV3's, at the end of a block before its shortcut is added.
    - The exchange behind the last module of the last stage leads to the first branch alone.
    """
    depths = (steps(4, 4, 1), steps(8, 16, 1), steps(8, 12, 1))
    return HRNetSpace(
        name="hrnet-w32",
        stem=StageRange(width=steps(16, 64, 16), kernel=(3,), groups=GroupSteps(1, 1), stride=2),
        stages=(
            StageRange(
                depth=steps(2, 4, 1), width=steps(16, 64, 16), kernel=(3,), groups=GroupPowers(1, 16),
                attention=EITHER,
            ),
            *(_branch(index, depth) for count, depth in enumerate(depths, start=2) for index in range(count)),
        ),
        head=None,
        keypoints=keypoints,
        input_hw=input_hw,
    )  # fmt: skip

"""Tables A1, A2 and A3 of the paper as they are printed, and why a space departs from a cell of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import final

Range = tuple[int, int]  # [least, most]

TABLE_COLUMNS = ("depth", "width", "kernel", "groups", "attention", "expansion", "resolution")


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class PaperRow:
    """One row of a table; None where the paper prints a dash or nothing. Resolution is 1 / that."""

    depth: Range | None = None
    width: Range
    kernel: Range
    groups: Range
    attention: Range | None = None
    expansion: Range | None = None
    resolution: int


def _mobile(
    depth: Range, width: int, kernel: Range, groups: Range, expansion: Range, resolution: int
) -> PaperRow:
    return PaperRow(
        depth=depth, width=(width, width), kernel=kernel, groups=groups, attention=(0, 1),
        expansion=expansion, resolution=resolution,
    )  # fmt: skip


def _bottleneck(depth: Range, width: Range, resolution: int) -> PaperRow:
    return PaperRow(
        depth=depth, width=width, kernel=(3, 5), groups=(16, 64), attention=(0, 1), expansion=(1, 1),
        resolution=resolution,
    )  # fmt: skip


def _branch(depth: Range, branch: int) -> PaperRow:
    most = 32 << (branch - 1)
    return PaperRow(
        depth=depth, width=(most // 4, most), kernel=(3, 3), groups=(1, most), attention=(0, 1),
        resolution=2 << branch,
    )  # fmt: skip


A1 = {
    "stem": PaperRow(width=(16, 16), kernel=(3, 3), groups=(1, 1), resolution=2),
    "stage1": _mobile((1, 1), 16, (3, 3), (2, 16), (1, 1), 2),
    "stage2": _mobile((2, 4), 24, (3, 7), (9, 144), (3, 6), 4),
    "stage3": _mobile((2, 4), 40, (3, 7), (15, 240), (3, 6), 8),
    "stage4": _mobile((2, 4), 80, (3, 7), (30, 480), (3, 6), 16),
    "stage5": _mobile((2, 4), 112, (3, 7), (42, 672), (3, 6), 16),
    "stage6": _mobile((2, 4), 160, (3, 7), (60, 960), (3, 6), 32),
    "head": PaperRow(width=(256, 256), kernel=(4, 4), groups=(32, 256), resolution=4),
}
A2 = {
    "stem": PaperRow(width=(32, 64), kernel=(7, 7), groups=(1, 1), resolution=4),
    "stage1": _bottleneck((3, 4), (64, 80), 8),
    "stage2": _bottleneck((4, 6), (128, 160), 8),
    "stage3": _bottleneck((6, 8), (256, 320), 16),
    "stage4": _bottleneck((3, 4), (512, 640), 32),
    "head": PaperRow(width=(64, 256), kernel=(4, 4), groups=(16, 64), resolution=4),
}
A3 = {
    "stem": PaperRow(width=(16, 64), kernel=(3, 3), groups=(1, 1), resolution=4),
    "stage1": PaperRow(
        depth=(2, 4), width=(16, 64), kernel=(3, 3), groups=(1, 16), attention=(0, 1), resolution=4
    ),
    **{
        f"stage{stage}_branch{branch}": _branch(depth, branch)
        for stage, depth in ((2, (4, 4)), (3, (8, 16)), (4, (8, 12)))
        for branch in range(1, stage + 1)
    },
}
TABLES: Mapping[str, tuple[str, Mapping[str, PaperRow]]] = {
    "mobilenetv3": ("A1", A1),
    "resnet50": ("A2", A2),
    "hrnet-w32": ("A3", A3),
}

MIDDLE_OVER_C = (
    "The middle width / c for c in (1, 2, 4, 8, 16), where that is whole and inside the table's range: its "
    "ends are such numbers, and step 16 would leave few that divide a middle width."
)
POWERS = (
    "Powers of two that divide the width: they reach both ends of the range, where step 16 from 1 on divides "
    "nothing."
)
SHARED_DEPTH = (
    "Blocks of a stage, the same in all its branches; an exchange follows every 4 blocks, and the last ones "
    "where they are fewer."
)
STEP_8 = (
    "16 from 8 on does not reach the table's 32, so this branch has step 8; the paper names step 16 for "
    "ResNet-50 alone."
)
REASONS: Mapping[tuple[str, str, str], str] = {
    ("mobilenetv3", "head", "width"): (
        "The table fixes 256, which cannot hold the released S-ViPNAS-MobileNetV3 (160). Searched here are "
        "those of 160 to 256 at step 16 for which some group number divides both them and the trunk's 160."
    ),
    ("mobilenetv3", "head", "groups"): (
        "A group number must divide the trunk's 160 as well as the width, which none above 160 does."
    ),
    ("resnet50", "stage1", "resolution"): (
        "The table's own text has pooling bring the features to 1/4, and the released network keeps them "
        "there: the printed 1/8 is a misprint."
    ),
    ("hrnet-w32", "stage1", "width"): "The middle width; the output has 4 times that, as in HRNet-W32.",
    **{("mobilenetv3", f"stage{stage}", "groups"): MIDDLE_OVER_C for stage in range(1, 7)},
    **{("hrnet-w32", f"stage{stage}_branch1", "width"): STEP_8 for stage in (2, 3, 4)},
    **{("hrnet-w32", f"stage{stage}_branch1", "depth"): SHARED_DEPTH for stage in (2, 3, 4)},
    **{("hrnet-w32", part, "groups"): POWERS for part in A3 if part != "stem"},
}  # fmt: skip

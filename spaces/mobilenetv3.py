"""The MobileNetV3 search space: Table A1, and a small relative of it for quick runs."""

from spaces.deconv_space import MOBILE, DeconvSpace
from spaces.ranges import EITHER, GroupSizes, GroupSteps, StageRange, steps

HEAD_WIDTHS = (160, 192, 224, 240, 256)


def _stem(*widths: int) -> StageRange:
    return StageRange(width=widths, kernel=(3,), groups=GroupSteps(1, 1), stride=2, act="hswish")


def _stage(
    *, depth: tuple[int, ...], width: tuple[int, ...], kernel: tuple[int, ...], groups: tuple[int, int],
    expansion: tuple[int, ...], stride: int, act: str,
) -> StageRange:  # fmt: skip
    return StageRange(
        depth=depth, width=width, kernel=kernel, groups=GroupSizes(*groups), attention=EITHER,
        expansion=expansion, stride=stride, act=act,
    )  # fmt: skip


def _table_a1_stage(width: int, groups: tuple[int, int], stride: int, act: str) -> StageRange:
    return _stage(
        depth=steps(2, 4, 1), width=(width,), kernel=steps(3, 7, 2), groups=groups, expansion=steps(3, 6, 1),
        stride=stride, act=act,
    )  # fmt: skip


_FIRST = _stage(depth=(1,), width=(16,), kernel=(3,), groups=(2, 16), expansion=(1,), stride=1, act="relu")


def mobilenetv3(keypoints: int = 17, input_hw: tuple[int, int] = (256, 192)) -> DeconvSpace:
    """Table A1 in full.

    The group number of a mobile block is its middle width / c for c in (1, 2, 4, 8, 16), inside the table's
    range. The table fixes the deconvolutions' width at 256, which cannot hold the released
    S-ViPNAS-MobileNetV3 (160): here it is searched among those of 160 to 256 (step 16) for which some group
    number of the table (32 to 256, step 16) divides both it and the trunk's 160.
    """
    return DeconvSpace(
        name="mobilenetv3",
        stem=_stem(16),
        stages=(
            _FIRST,
            _table_a1_stage(24, (9, 144), 2, "relu"),
            _table_a1_stage(40, (15, 240), 2, "relu"),
            _table_a1_stage(80, (30, 480), 2, "hswish"),
            _table_a1_stage(112, (42, 672), 1, "hswish"),
            _table_a1_stage(160, (60, 960), 2, "hswish"),
        ),
        head=StageRange(depth=(3,), width=HEAD_WIDTHS, kernel=(4,), groups=GroupSteps(32, 256)),
        keypoints=keypoints,
        input_hw=input_hw,
        block=MOBILE,
    )


def _small_stage(
    depth: tuple[int, ...], width: tuple[int, ...], groups: tuple[int, int], act: str
) -> StageRange:
    return _stage(depth=depth, width=width, kernel=(3, 5), groups=groups, expansion=(2, 3), stride=2, act=act)


def mobilenetv3_small(keypoints: int = 17, input_hw: tuple[int, int] = (128, 96)) -> DeconvSpace:
    """A small relative for quick runs and tests: the same code, narrower ranges, elastic widths as well."""
    return DeconvSpace(
        name="mobilenetv3-small",
        stem=_stem(16),
        stages=(
            _FIRST,
            _small_stage(steps(1, 2, 1), (16, 24), (24, 72), "relu"),
            _small_stage(steps(1, 3, 1), (24, 40), (36, 120), "hswish"),
            _small_stage(steps(1, 3, 1), (48, 80), (72, 240), "hswish"),
        ),
        head=StageRange(depth=(2,), width=(32, 48, 64), kernel=(4,), groups=GroupSteps(16, 16)),
        keypoints=keypoints,
        input_hw=input_hw,
        block=MOBILE,
    )  # fmt: skip

"""Group numbers worked out by hand."""

from __future__ import annotations

import pytest

from spaces.ranges import GroupPowers, GroupRule, GroupSizes, GroupSteps, StageRange, steps


def test_steps_include_both_ends() -> None:
    assert steps(64, 128, 32) == (64, 96, 128)
    assert steps(4, 4, 1) == (4,)


@pytest.mark.parametrize(
    ("rule", "widths", "options"),
    [
        (GroupSteps(16, 64), (128,), (16, 32, 64)),
        (GroupSteps(16, 64), (304,), (16,)),
        (GroupSteps(16, 64), (608, 144), (16,)),  # a deconvolution's two widths
        (GroupSteps(32, 256), (160, 160), (32, 80, 160)),
        (GroupSteps(32, 256), (160, 256), (32,)),
        (GroupSteps(32, 256), (160, 176), ()),
        (GroupPowers(1, 32), (24,), (1, 2, 4, 8)),
        (GroupPowers(1, 16), (64,), (1, 2, 4, 8, 16)),
        (GroupPowers(2, 16), (6,), (2,)),
        (GroupSizes(9, 144), (144,), (9, 18, 36, 72, 144)),
        (GroupSizes(9, 144), (120,), (15, 30, 60, 120)),  # 120 / 16 is no whole number
        (GroupSizes(60, 960), (560,), (70, 140, 280, 560)),
        (GroupSizes(2, 16), (16,), (2, 4, 8, 16)),  # 16 / 16 is below the range
    ],
)
def test_groups_ascend_inside_the_range_and_divide_all_widths(
    rule: GroupRule, widths: tuple[int, ...], options: tuple[int, ...]
) -> None:
    assert rule.options(*widths) == options


def test_a_stage_knows_its_middle_widths_and_the_most_inputs_of_a_filter() -> None:
    stage = StageRange(width=(24, 40), kernel=(3,), groups=GroupSizes(1, 999), expansion=(3, 5))
    assert stage.middles == (72, 120, 200)
    assert stage.group_inputs() == 8  # 72, 120 and 200 all divide by 8, none by 16
    assert StageRange(width=(64, 80), kernel=(3,), groups=GroupSteps(16, 64)).group_inputs() == 5

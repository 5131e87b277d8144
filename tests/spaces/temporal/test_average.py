"""Averages with the key frame, and the figures that the paper prints for T-ViPNAS.

Checked are Tables 1, 3 and 4: that our spaces hold allocations of the printed averages. The architectures
behind them cannot be: Figure 5 draws one, but which the text does not say, and no weights or definitions of
a T-ViPNet have been released.
"""

from __future__ import annotations

import numpy as np
import pytest

from spaces.constraint import Constraint
from spaces.errors import ConstraintError
from spaces.published import PUBLISHED, find_published
from spaces.temporal.allocation_space import AllocationSpace
from spaces.temporal.average import average, on_the_sum
from spaces.temporal.drawing import ends, sample_allocation
from spaces.temporal.joint_chain import joint_chain
from spaces.temporal.temporal_space import TemporalSpace
from tests.spaces.temporal.examples import sample_allocations


def space_of(name: str, frames: int) -> AllocationSpace:
    return AllocationSpace(TemporalSpace(*find_published(name)), frames)


def test_an_average_is_taken_over_the_key_frame_as_well() -> None:
    space = space_of("s-vipnas-res50", 3)
    allocation = space.biggest()
    key_frame = space.temporal.spatial.cost(space.temporal.key_frame)
    whole = space.cost(allocation) + key_frame
    assert average(space, allocation).macs == whole.macs / 4
    assert average(space, allocation).params == whole.params / 4


def test_a_constraint_on_the_average_becomes_one_on_the_sum() -> None:
    space = space_of("s-vipnas-res50", 3)
    on_average = Constraint(max_gmacs=0.9, min_gmacs=0.85, max_params=5_000_000)
    on_sum = on_the_sum(space, on_average)
    assert on_sum.max_gmacs == pytest.approx(4 * 0.9 - 1.462930272)
    assert on_sum.min_gmacs == pytest.approx(4 * 0.85 - 1.462930272)
    assert on_sum.max_params == 20_000_000 - 7_286_772
    assert on_the_sum(space, Constraint()) == Constraint()


def test_the_sum_allows_what_the_average_allows() -> None:
    space = space_of("s-vipnas-res50", 3)
    on_average = Constraint(max_gmacs=0.9, min_gmacs=0.85)
    on_sum, rng = on_the_sum(space, on_average), np.random.default_rng(0)
    allowed = [
        (on_sum.allows(space.cost(each)), 0.85 <= average(space, each).gmacs <= 0.9)
        for each in (space.sample(rng) for _ in range(200))
    ]
    assert all(by_sum == by_average for by_sum, by_average in allowed)
    assert {True, False} == {by_sum for by_sum, _ in allowed}


def test_an_average_that_the_key_frame_alone_uses_up_is_refused() -> None:
    space = space_of("s-vipnas-res50", 1)
    with pytest.raises(ConstraintError, match=r"at most 0\.7 GMACs over 2 frames .* key frame's 1\.463"):
        on_the_sum(space, Constraint(max_gmacs=0.7))


@pytest.mark.parametrize("frames", [2, 3, 4])
def test_table_4s_average_of_one_gmac_can_be_had_over_2_3_and_4_frames(frames: int) -> None:
    space = space_of("s-vipnas-res50", frames)
    window = on_the_sum(space, Constraint(min_gmacs=0.995, max_gmacs=1.0))
    for allocation in sample_allocations(space, window, 20, np.random.default_rng(0)):
        assert 0.995 <= average(space, allocation).gmacs <= 1.0 + 1e-9


def test_table_1s_t_vipnas_res50_of_0_82_gmacs_and_3_9_million_parameters_can_be_had() -> None:
    space = space_of("s-vipnas-res50", 3)
    bounds = on_the_sum(space, Constraint(min_gmacs=0.8155, max_gmacs=0.825, max_params=3_949_999))
    found = average(space, sample_allocation(space, bounds, np.random.default_rng(0)))
    assert (round(found.gmacs, 2), round(found.params / 1e6, 1)) == (0.82, 3.9)


def test_table_1s_t_vipnas_mobilenetv3_of_0_37_gmacs_and_2_5_million_parameters_can_be_had() -> None:
    space = space_of("s-vipnas-mbv3", 3)
    bounds = on_the_sum(space, Constraint(min_gmacs=0.366, max_gmacs=0.374, max_params=2_549_999))
    found = average(space, sample_allocation(space, bounds, np.random.default_rng(0)))
    assert round(found.gmacs, 2) == 0.37
    assert found.params <= 2_549_999


@pytest.mark.parametrize(
    ("name", "printed"), [("s-vipnas-res50", 0.82), ("s-vipnas-res50", 1.2), ("s-vipnas-mbv3", 0.37)]
)
def test_the_papers_averages_lie_well_inside_what_three_frames_can_have(name: str, printed: float) -> None:
    space = space_of(name, 3)
    key_frame = PUBLISHED[name].gmacs
    least, most = (end.gmacs for end in ends(joint_chain(space)))
    assert least < 4 * printed - key_frame < most

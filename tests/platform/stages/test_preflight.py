"""What is refused before anything is written or started."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from platform.config.recipes import smoke
from platform.config.run import RunConfig
from platform.stages.preflight import check
from spaces.errors import ConstraintError
from spaces.initialise import initialise
from spaces.registry import build_space
from spaces.temporal.allocation_space import AllocationSpace
from spaces.temporal.average import average
from spaces.temporal.temporal_space import TemporalSpace
from workers.data.skeleton import POSETRACK17
from workers.weights.safetensors import save_network

SPATIAL = build_space("mobilenetv3-small", 17, (96, 64))


def bounded(**bounds: float | int | None) -> RunConfig:
    config = smoke()
    search = replace(config.temporal.search, **{"max_gmacs": None, **bounds})
    return replace(config, temporal=replace(config.temporal, search=search))


def averages(frames: int = 3) -> tuple[float, float]:
    """The least and the most GMACs of a frame on average, whatever the key frame."""
    least, most = (
        AllocationSpace(TemporalSpace(SPATIAL, key), frames)
        for key in (SPATIAL.smallest(), SPATIAL.biggest())
    )
    return average(least, least.smallest()).gmacs, average(most, most.biggest()).gmacs


def test_what_no_key_frame_leaves_room_for_is_refused_with_field_value_and_nearest() -> None:
    least, most = averages()
    with pytest.raises(
        ConstraintError, match=r"at most 0\.0035 GMACs on average.* Raise temporal\.search"
    ) as low:
        check(bounded(max_gmacs=0.0035))
    with pytest.raises(
        ConstraintError, match=r"at least 0\.03 .* on average.* Lower temporal\.search"
    ) as high:
        check(bounded(min_gmacs=0.03))
    with pytest.raises(
        ConstraintError, match=r"at most 100 parameters on .* Raise temporal\.search\.max-params"
    ):
        check(bounded(max_params=100))
    for refused, nearest in ((low, least), (high, most)):
        found = re.search(r"has ([\d.]+\d)\. ", str(refused.value))
        assert found is not None
        assert float(found[1]) == pytest.approx(nearest, rel=1e-3)


def test_what_some_key_frame_leaves_room_for_is_not() -> None:
    least, most = averages()
    check(bounded(max_gmacs=least * 1.001))
    check(bounded(min_gmacs=most * 0.999))
    without = bounded(max_gmacs=0.0001)
    check(replace(without, stages=without.stages[:4]))  # the joint search is no part of it


def test_below_a_given_key_frame_the_bound_is_held_against_its_own_average(tmp_path: Path) -> None:
    path, key_frame = tmp_path / "network.safetensors", SPATIAL.biggest()
    network = initialise(SPATIAL.network(key_frame), seed=0, sigma=0.1)
    save_network(path, network, SPATIAL, key_frame, POSETRACK17.names)
    space = AllocationSpace(TemporalSpace(SPATIAL, key_frame), 3)
    least = average(space, space.smallest()).gmacs

    def given(most: float) -> RunConfig:
        config = bounded(max_gmacs=most)
        return replace(config, temporal=replace(config.temporal, key_frame=path))

    check(given(least * 1.001))
    with pytest.raises(ConstraintError, match=r"0\.0065 GMACs on average; its smallest has 0\.007599\. "):
        check(given(0.0065))


@pytest.mark.parametrize("field", ["max_gmacs", "max_params"])
def test_a_bound_on_subnets_below_the_smallest_names_its_field(field: str) -> None:
    config = smoke()
    search = replace(config.search, max_gmacs=None)
    tight = replace(search, **{field: 1}) if field == "max_params" else replace(search, max_gmacs=0.0001)
    says = rf"no architecture of space 'mobilenetv3-small' .*Raise search\.{field.replace('_', '-')}\."
    with pytest.raises(ConstraintError, match=says):
        check(replace(config, search=tight))

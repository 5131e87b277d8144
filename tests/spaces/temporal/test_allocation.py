"""Allocations as values: keys, JSON and what is refused."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from spaces.errors import ArchitectureError
from spaces.temporal.allocation import Allocation, FrameChoice, Fusion
from spaces.temporal.allocation_space import AllocationSpace
from tests.spaces.temporal.examples import temporal_space, with_frame


@pytest.fixture(scope="module")
def allocation() -> Allocation:
    return AllocationSpace(temporal_space("mobilenetv3-small"), 3).sample(np.random.default_rng(0))


def test_json_gives_the_same_allocation_back(allocation: Allocation) -> None:
    again = Allocation.from_json(allocation.to_json())
    assert (again, again.key) == (allocation, allocation.key)


def test_a_frame_without_fusion_survives_json(allocation: Allocation) -> None:
    alone = with_frame(allocation, 1, replace(allocation.frames[1], fusion=None))
    assert Allocation.from_json(alone.to_json()) == alone
    assert alone.key != allocation.key


def test_json_is_canonical(allocation: Allocation) -> None:
    value = json.loads(allocation.to_json())
    assert json.dumps(value, sort_keys=True, separators=(",", ":")) == allocation.to_json()
    assert sorted(value) == ["frames", "space"]
    assert [sorted(frame) for frame in value["frames"]] == [["architecture", "fusion"]] * 3


def test_the_order_of_frames_is_part_of_the_key(allocation: Allocation) -> None:
    backwards = Allocation(allocation.space, allocation.frames[::-1])
    assert backwards.key != allocation.key
    assert allocation.key.startswith("t-mobilenetv3-small-")


def test_allocations_that_begin_alike_share_the_prefixes_up_to_where_they_part(
    allocation: Allocation,
) -> None:
    last = replace(allocation.frames[2], fusion=Fusion(1, "mul"))
    other = with_frame(allocation, 2, last)
    assert [allocation.prefix(t).key == other.prefix(t).key for t in (1, 2, 3)] == [True, True, False]
    assert allocation.prefix(3) == allocation


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[]", "must be JSON with space and frames"),
        ("{", "must be JSON with space and frames"),
        ('{"space":"t","frames":[{"fusion":null}]}', "KeyError"),
        ('{"space":"t","frames":[]}', "at least one frame"),
        ('{"space":"t","frames":[{"architecture":{},"fusion":null}]}', "an architecture must be JSON"),
    ],
)
def test_other_text_is_refused_with_what_is_wrong(text: str, words: str) -> None:
    with pytest.raises(ArchitectureError, match=words):
        Allocation.from_json(text)


def test_an_unknown_fusion_is_refused_with_the_known_ones(allocation: Allocation) -> None:
    added = FrameChoice(allocation.frames[0].architecture, Fusion(2, "add"))
    text = with_frame(allocation, 0, added).to_json()
    with pytest.raises(ArchitectureError, match="one of add, mul, cat, but it is 'sum'"):
        Allocation.from_json(text.replace('"add"', '"sum"'))
    for stage in (0, True, "1"):
        with pytest.raises(ArchitectureError, match="stage must be a number from 1"):
            Fusion(stage, "add")  # type: ignore[arg-type]

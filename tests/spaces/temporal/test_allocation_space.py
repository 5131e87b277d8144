"""The operations of the joint search's space, over any number of frames and with each control."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from spaces.cost import Cost
from spaces.errors import ArchitectureError
from spaces.temporal.allocation import Fusion
from spaces.temporal.allocation_space import AllocationSpace
from spaces.temporal.joint_chain import joint_chain
from tests.spaces.temporal.examples import BACKBONES, temporal_space, with_frame

SEEDS = range(10)


def _spaces() -> dict[str, AllocationSpace]:
    free = {name: AllocationSpace(temporal_space(name), 3) for name in BACKBONES}
    small = free["mobilenetv3-small"].temporal
    return free | {
        "1 frame": AllocationSpace(small, 1),
        "5 frames": AllocationSpace(small, 5),
        "shared": AllocationSpace(small, 3, shared=True),
        "no fusion": AllocationSpace(replace(small, operations=()), 2),
        "add alone": AllocationSpace(replace(small, operations=("add",)), 2),
    }


SPACES = _spaces()


@pytest.fixture(params=SPACES)
def space(request: pytest.FixtureRequest) -> AllocationSpace:
    return SPACES[request.param]


def test_samples_lie_inside_differ_and_repeat_with_the_generator(space: AllocationSpace) -> None:
    first, again = ([space.sample(rng) for _ in range(10)] for rng in map(np.random.default_rng, (1, 1)))
    assert first == again
    assert len({each.key for each in first}) > 5
    for each in first:
        space.check(each)
        assert space.parse(each.to_json()) == each


def test_variation_stays_inside(space: AllocationSpace) -> None:
    for rng in map(np.random.default_rng, SEEDS):
        mother, father = space.sample(rng), space.sample(rng)
        space.check(space.mutate(mother, rng, rate=0.5))
        space.check(space.crossover(mother, father, rng))


def test_variation_without_cause_changes_nothing(space: AllocationSpace) -> None:
    for rng in map(np.random.default_rng, SEEDS):
        parent = space.sample(rng)
        assert space.mutate(parent, rng, rate=0) == parent
        assert space.crossover(parent, parent, rng) == parent


def test_a_mutant_differs_in_a_few_dimensions_whatever_the_number_of_frames(space: AllocationSpace) -> None:
    rng, changed = np.random.default_rng(0), []
    for _ in range(40):
        parent = space.sample(rng)
        before, after = space.describe(parent), space.describe(space.mutate(parent, rng))
        changed.append(sum(before[name] != after[name] for name in before))
    assert 0.5 < np.mean(changed) < 8


def test_a_child_takes_every_dimension_but_group_numbers_from_the_same_frame_of_a_parent(
    space: AllocationSpace,
) -> None:
    for rng in map(np.random.default_rng, SEEDS):
        mother, father = space.sample(rng), space.sample(rng)
        child = space.describe(space.crossover(mother, father, rng))
        parents = space.describe(mother), space.describe(father)
        inherited = {name: value for name, value in child.items() if not name.endswith("groups")}
        assert all(value in (parents[0][name], parents[1][name]) for name, value in inherited.items())


def test_an_allocation_is_found_again_by_its_dimensions(space: AllocationSpace) -> None:
    dimensions = space.dimensions()
    for seed in SEEDS:
        allocation = space.sample(np.random.default_rng(seed))
        values = space.describe(allocation)
        assert values.keys() == dimensions.keys()
        assert all(value in dimensions[name] for name, value in values.items())
        assert space.nearest(values) == allocation


def test_features_are_places_between_0_and_1_and_tell_allocations_apart(space: AllocationSpace) -> None:
    drawn = {space.sample(np.random.default_rng(seed)) for seed in SEEDS}
    rows = np.array([space.features(each) for each in drawn])
    assert ((rows >= 0) & (rows <= 1)).all()
    assert len(np.unique(rows, axis=0)) == len(drawn)


def test_the_cost_is_the_sum_over_frames(space: AllocationSpace) -> None:
    allocation = space.sample(np.random.default_rng(0))
    frames = [space.temporal.cost(frame) for frame in allocation.frames]
    assert space.cost(allocation) == sum(frames, Cost())
    assert len(frames) == space.frames


def test_a_path_along_the_joint_chain_costs_what_its_allocation_does(space: AllocationSpace) -> None:
    joint = joint_chain(space)
    for rng in map(np.random.default_rng, SEEDS):
        state, path = 0, []
        for decision in joint.decisions:
            links = decision.states[state]
            path.append(int(rng.integers(len(links.choices))))
            state = int(links.after[path[-1]])
        allocation = joint.read(np.array(path))
        space.check(allocation)
        cost = space.cost(allocation)
        assert joint.costs(np.array([path])).tolist() == [[cost.macs, cost.params]]


def test_the_smallest_has_the_fewest_macs_of_all(space: AllocationSpace) -> None:
    least = np.zeros(1, dtype=np.int64)
    for decision in reversed(joint_chain(space).decisions):
        least = np.array([(links.costs[:, 0] + least[links.after]).min() for links in decision.states])
    assert space.cost(space.smallest()).macs == least[0]
    space.check(space.smallest())
    space.check(space.biggest())


def test_dimensions_are_named_by_frame() -> None:
    names = SPACES["mobilenetv3-small"].dimensions()
    assert names["frame1.fusion_stage"] == (1, 2, 3, 4)
    assert names["frame3.fusion_operation"] == ("add", "mul", "cat")
    assert "frame2.stage2.width" in names
    assert len(names) % 3 == 0
    assert not [name for name in SPACES["no fusion"].dimensions() if "fusion" in name]
    assert "frame1.fusion_operation" not in SPACES["add alone"].dimensions()
    assert {name.partition(".")[0] for name in SPACES["shared"].dimensions()} == {"frames"}


def test_the_nearest_fusion_keeps_the_operation_and_moves_the_stage() -> None:
    allocation = SPACES["1 frame"].nearest({"frame1.fusion_stage": 9, "frame1.fusion_operation": "mul"})
    assert allocation.frames[0].fusion == Fusion(4, "mul")


def test_fusions_are_drawn_evenly() -> None:
    space, rng = SPACES["1 frame"], np.random.default_rng(0)
    drawn = [space.temporal.sample_fusion(rng) for _ in range(2400)]
    counts = [drawn.count(fusion) for fusion in space.temporal.fusions]
    assert len(counts) == 12
    assert sum((count - 200) ** 2 / 200 for count in counts) < 31  # chi-square, 11 degrees, 0.999


def test_what_lies_outside_is_refused_with_the_frame() -> None:
    space = SPACES["mobilenetv3-small"]
    allocation = space.sample(np.random.default_rng(0))
    second = allocation.frames[1]
    deep = replace(second.architecture, stages=(replace(second.architecture.stages[0], depth=99),
                                                *second.architecture.stages[1:]))  # fmt: skip
    for wrong, words in (
        (replace(allocation, space="t-resnet50"), "this is one of 't-resnet50'"),
        (allocation.prefix(2), "over 3 frames is needed, but this has 2"),
        (with_frame(allocation, 1, replace(second, architecture=deep)), r"frame 2: stage1\.depth"),
        (with_frame(allocation, 1, replace(second, fusion=Fusion(7, "add"))), "frame 2: a fusion of space"),
        (with_frame(allocation, 1, replace(second, fusion=None)), "frame 2: a frame .* must have a fusion"),
    ):
        assert not space.contains(wrong)
        with pytest.raises(ArchitectureError, match=words):
            space.check(wrong)
    with pytest.raises(ArchitectureError, match="must share one choice"):
        SPACES["shared"].check(allocation)
    with pytest.raises(ArchitectureError, match="at least one frame beside the key frame, not 0"):
        AllocationSpace(space.temporal, 0)


def test_keys_are_what_they_have_always_been() -> None:
    assert SPACES["mobilenetv3-small"].biggest().key == "t-mobilenetv3-small-61a146c99bcecd5a"

"""What every search space must hold. A test class that inherits it names the space and its golden key."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import nn

from spaces.architecture import Architecture
from spaces.chain import chain
from spaces.constraint import Constraint
from spaces.cost import Cost
from spaces.drawing import sample_many, sample_under
from spaces.errors import ArchitectureError, ConstraintError
from spaces.extract import extract
from spaces.space import DIMENSIONS, SearchSpace
from tests.spaces.counting import counted, fill, meta_network

seeds = given(seed=st.integers(0, 2**32 - 1))
KEYPOINTS = 3


def examples(count: int) -> settings:
    """Every class that inherits the contract runs the same tests, which hypothesis asks to be told."""
    return settings(
        max_examples=count, deadline=None, suppress_health_check=[HealthCheck.differing_executors]
    )


def draw(space: SearchSpace, seed: int) -> Architecture:
    return space.sample(np.random.default_rng(seed))


class SpaceContract:
    """`space` has `KEYPOINTS` keypoints and small inputs; `golden_key` is the key of its biggest."""

    @pytest.fixture(scope="class")
    @classmethod
    def space(cls) -> SearchSpace:
        raise NotImplementedError

    @pytest.fixture(scope="class")
    @classmethod
    def golden_key(cls) -> str:
        raise NotImplementedError

    @pytest.fixture(scope="class")
    @classmethod
    def supernet(cls, space: SearchSpace) -> nn.Module:
        return fill(space.supernet()).eval()

    @seeds
    @examples(40)
    def test_a_sample_lies_inside_the_ranges(self, space: SearchSpace, seed: int) -> None:
        architecture = draw(space, seed)
        space.check(architecture)
        for part, stage in zip(space.parts(architecture), space.ranges, strict=True):
            for name in set(DIMENSIONS) - {"groups"}:
                assert getattr(part, name) in getattr(stage, name)
            assert part.width % part.groups == 0 or part.middle % part.groups == 0

    def test_samples_repeat_with_the_generator_and_differ_along_it(self, space: SearchSpace) -> None:
        first, again = ([space.sample(rng) for _ in range(20)] for rng in map(np.random.default_rng, (1, 1)))
        assert first == again
        assert len(set(first)) > 1

    def test_a_value_outside_the_ranges_is_refused_by_its_name(self, space: SearchSpace) -> None:
        biggest = space.biggest()
        wide = replace(biggest, stem=replace(biggest.stem, width=biggest.stem.width + 1))
        deep = replace(biggest, stages=(replace(biggest.stages[0], depth=99), *biggest.stages[1:]))
        for architecture, name in ((wide, "stem.width"), (deep, r"stage1\w*\.depth")):
            assert not space.contains(architecture)
            with pytest.raises(ArchitectureError, match=name):
                space.check(architecture)
        with pytest.raises(ArchitectureError, match="of space"):
            space.check(replace(biggest, space="another"))

    @seeds
    @examples(40)
    def test_the_biggest_and_the_smallest_bound_every_cost(self, space: SearchSpace, seed: int) -> None:
        least, cost, most = map(space.cost, (space.smallest(), draw(space, seed), space.biggest()))
        for name in ("params", "conv_macs", "deconv_macs", "macs"):
            assert getattr(least, name) <= getattr(cost, name) <= getattr(most, name)

    def test_no_architecture_at_all_is_cheaper_than_the_smallest_or_dearer_than_the_biggest(
        self, space: SearchSpace
    ) -> None:
        ends = [np.zeros((1, 2), dtype=np.int64)] * 2
        for decision in reversed(chain(space).decisions):
            least, most = ends
            ends = [
                np.array([(links.costs + least[links.after]).min(axis=0) for links in decision.states]),
                np.array([(links.costs + most[links.after]).max(axis=0) for links in decision.states]),
            ]
        for end, architecture in zip(ends, (space.smallest(), space.biggest()), strict=True):
            cost = space.cost(architecture)
            assert end[0].tolist() == [cost.macs, cost.params]

    @seeds
    @examples(40)
    def test_mutants_and_children_stay_inside(self, space: SearchSpace, seed: int) -> None:
        rng = np.random.default_rng(seed)
        mother, father = space.sample(rng), space.sample(rng)
        space.check(space.mutate(mother, rng, rate=0.5))
        space.check(space.crossover(mother, father, rng))

    @seeds
    @examples(20)
    def test_variation_without_cause_changes_nothing(self, space: SearchSpace, seed: int) -> None:
        rng = np.random.default_rng(seed)
        parent = space.sample(rng)
        assert space.mutate(parent, rng, rate=0) == parent
        assert space.crossover(parent, parent, rng) == parent

    @seeds
    @examples(20)
    def test_an_architecture_is_found_again_by_its_dimensions(self, space: SearchSpace, seed: int) -> None:
        architecture = draw(space, seed)
        assert space.nearest(space.describe(architecture)) == architecture

    def test_the_key_is_what_it_has_always_been(self, space: SearchSpace, golden_key: str) -> None:
        assert space.biggest().key == golden_key

    def test_keys_are_equal_exactly_where_architectures_are(self, space: SearchSpace) -> None:
        rng = np.random.default_rng(0)
        drawn = [space.sample(rng) for _ in range(300)]
        drawn += [space.mutate(each, rng, rate=0.05) for each in drawn]
        assert len({each.key for each in drawn}) == len(set(drawn))

    @seeds
    @examples(20)
    def test_json_gives_the_same_architecture_back(self, space: SearchSpace, seed: int) -> None:
        architecture = draw(space, seed)
        again = Architecture.from_json(architecture.to_json())
        assert (again, again.key) == (architecture, architecture.key)

    @seeds
    @examples(4)
    def test_the_closed_form_cost_is_what_the_network_counts(self, space: SearchSpace, seed: int) -> None:
        architecture = draw(space, seed)
        network = meta_network(space, architecture)
        assert space.cost(architecture) == counted(network, space.input_hw, device="meta")

    @seeds
    @examples(40)
    def test_the_parts_add_up_to_the_whole_cost(self, space: SearchSpace, seed: int) -> None:
        architecture = draw(space, seed)
        parts = space.parts(architecture)
        added = [space.part_cost(parts[:index], part) for index, part in enumerate(parts)]
        assert sum(added, Cost()) == space.cost(architecture)

    @seeds
    @examples(40)
    def test_a_path_along_the_chain_costs_what_its_architecture_does(
        self, space: SearchSpace, seed: int
    ) -> None:
        rng, state, path, cost = np.random.default_rng(seed), 0, [], np.zeros(2, dtype=np.int64)
        for decision in chain(space).decisions:
            links = decision.states[state]
            path.append(int(rng.integers(len(links.choices))))
            cost += links.costs[path[-1]]
            state = int(links.after[path[-1]])
        architecture = chain(space).read(np.array(path))
        space.check(architecture)
        assert chain(space).costs(np.array([path])).tolist() == [cost.tolist()]
        assert cost.tolist() == [space.cost(architecture).macs, space.cost(architecture).params]

    def test_heatmaps_have_the_keypoints_and_a_quarter_of_the_input(self, space: SearchSpace) -> None:
        for architecture in (space.smallest(), space.biggest()):
            image = torch.zeros(1, 3, *space.input_hw, device="meta")
            heatmaps = meta_network(space, architecture).eval()(image)
            assert heatmaps.shape == (1, KEYPOINTS, *(side // 4 for side in space.input_hw))

    @pytest.mark.parametrize("which", ["smallest", "biggest", "random 1", "random 2", "random 3"])
    def test_the_extracted_network_gives_what_the_supernet_gives(
        self, space: SearchSpace, supernet: nn.Module, which: str
    ) -> None:
        word, _, seed = which.partition(" ")
        architecture = draw(space, int(seed)) if seed else getattr(space, word)()
        network = extract(space, supernet, architecture)
        images = torch.randn(2, 3, *space.input_hw, generator=torch.Generator().manual_seed(7))
        with torch.no_grad():
            ours, theirs = network(images), supernet(images, architecture)

        scale = theirs.abs().max()
        assert (theirs[0] - theirs[1]).abs().max() > 0.01 * scale, "the output must depend on the input"
        assert (ours - theirs).abs().max() <= 1e-5 * max(1.0, float(scale))
        assert not [name for name, each in network.named_modules() if "Elastic" in type(each).__name__]
        assert counted(network, space.input_hw) == space.cost(architecture)

    def test_extraction_refuses_what_lies_outside(self, space: SearchSpace, supernet: nn.Module) -> None:
        outside = replace(space.biggest(), stem=replace(space.biggest().stem, kernel=1))
        with pytest.raises(ArchitectureError, match=r"stem\.kernel"):
            extract(space, supernet, outside)

    @pytest.mark.parametrize("place", [0.0, 0.3, 1.0])
    def test_a_narrow_window_gives_distinct_architectures_inside_it(
        self, space: SearchSpace, place: float
    ) -> None:
        least, most = space.cost(space.smallest()).gmacs, space.cost(space.biggest()).gmacs
        bottom = least + place * (most / 1.05 - least)
        window = Constraint(min_gmacs=bottom, max_gmacs=bottom * 1.05)
        drawn = sample_many(space, window, 60, np.random.default_rng(0))
        again = sample_many(space, window, 60, np.random.default_rng(0))

        assert drawn == again
        assert len({each.key for each in drawn}) == len(drawn) > 0
        for each in drawn:
            space.check(each)
            assert bottom <= space.cost(each).gmacs <= bottom * 1.05

    @seeds
    @examples(10)
    def test_a_draw_keeps_every_bound_and_is_new(self, space: SearchSpace, seed: int) -> None:
        rng, middle = np.random.default_rng(seed), space.cost(draw(space, 0))
        constraint = Constraint(max_gmacs=middle.gmacs, max_params=middle.params)
        first = sample_under(space, constraint, rng)
        second = sample_under(space, constraint, rng, {first.key})
        assert first != second
        assert all(constraint.allows(space.cost(each)) for each in (first, second))

    def test_what_nothing_satisfies_is_said_with_the_bound_to_change(self, space: SearchSpace) -> None:
        least, most = space.cost(space.smallest()), space.cost(space.biggest())
        for constraint, advice in (
            (Constraint(max_gmacs=least.gmacs * 0.99), "Raise max_gmacs"),
            (Constraint(max_params=least.params - 1), "Raise max_params"),
            (Constraint(min_gmacs=most.gmacs * 1.01), "Lower min_gmacs"),
        ):
            with pytest.raises(ConstraintError, match=f"no architecture of space '{space.name}'.*{advice}"):
                sample_under(space, constraint, np.random.default_rng(0))

    def test_an_empty_window_between_architectures_is_said_with_the_count_tried(
        self, space: SearchSpace
    ) -> None:
        least = (space.cost(space.smallest()).macs + 0.25) / 1e9
        window = Constraint(min_gmacs=least, max_gmacs=least + 0.5e-9)
        with pytest.raises(ConstraintError, match=r"all \d+ whose cost comes near were tried"):
            sample_many(space, window, 10, np.random.default_rng(0))

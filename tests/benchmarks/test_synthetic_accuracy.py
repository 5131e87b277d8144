"""The synthetic problem's front is the one that trying every architecture finds."""

from __future__ import annotations

from dataclasses import replace
from typing import cast

import numpy as np

from analysis.pareto import non_dominated
from spaces.constraint import Constraint
from spaces.deconv_space import DeconvSpace
from spaces.drawing import sample_many
from spaces.registry import build_space
from tests.benchmarks.synthetic_accuracy import SyntheticAccuracy

SMALL = cast(DeconvSpace, build_space("mobilenetv3-small"))
MOST_GMACS = 0.009


def test_the_front_is_that_of_all_architectures() -> None:
    first, *others = SMALL.stages
    space = replace(SMALL, stages=(first, *(replace(each, expansion=each.expansion[:1]) for each in others)))
    problem = SyntheticAccuracy(space, seed=1)
    everything = sample_many(space, Constraint(max_gmacs=MOST_GMACS), 30_000, np.random.default_rng(0))
    assert 1_000 < len(everything) < 30_000
    values = np.array([[space.cost(each).gmacs, problem.ap(each)] for each in everything])
    front = values[non_dominated(values, ("minimize", "maximize"))]
    expected = np.unique(front.round(12), axis=0)
    np.testing.assert_allclose(problem.front(MOST_GMACS), expected, rtol=1e-9)


def test_noise_is_the_same_for_an_architecture_and_small() -> None:
    problem = SyntheticAccuracy(SMALL, seed=0)
    drawn = sample_many(SMALL, Constraint(), 200, np.random.default_rng(0))
    noise = np.array([problem.measured(each) - problem.ap(each) for each in drawn])
    assert 0.003 < noise.std() < 0.005
    assert problem.measured(drawn[0]) == SyntheticAccuracy(SMALL, seed=0).measured(drawn[0])

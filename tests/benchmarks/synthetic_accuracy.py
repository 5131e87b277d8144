"""A synthetic search problem: an accuracy for every architecture of a real space, whose whole front is known.

AP = 0.8 (1 - exp(-score / parts)), and the score is a sum over parts and over pairs of neighbours. A part
gains with the logarithm of its depth, width, expansion and channels per group, with attention, and as its
kernel comes nearer to one that is best there. A pair gains or loses where both have large kernels, attention
or depth: no part can be judged alone. How much of each is drawn from the seed. What is measured has noise,
always the same for an architecture, as a supernet's ranking has.

Since scores and MACs are sums along the parts, the front follows part by part (Bellman): of all prefixes
that are the same to the next part, only those that no other beats can begin a best network.
"""

from __future__ import annotations

import hashlib
import math
from collections import defaultdict
from functools import cache

import numpy as np
from jaxtyping import Float

from analysis.pareto import non_dominated
from spaces.architecture import Architecture, StageChoice
from spaces.deconv_space import DeconvSpace

BEST_AP = 0.8
NOISE = 0.004  # AP, standard deviation
MOST_POINTS = 4_000  # of a front; a longer one keeps the best of each of so many steps of MACs

Traits = tuple[int, bool, bool, int]  # what of a part its neighbours notice; the width is for cost
Points = Float[np.ndarray, "N 2"]  # score and MACs
NOTHING: Traits = (0, False, False, 0)  # before the first part


class SyntheticAccuracy:
    """Accuracy on a space whose parts depend on the part before alone."""

    def __init__(self, space: DeconvSpace, seed: int) -> None:
        rng = np.random.default_rng(seed)
        parts = len(space.ranges)
        self.space, self.seed = space, seed
        self._weights = rng.uniform(0.5, 1.5, (parts, 6)) * [1, 1, 1, 0.2, 0.3, 0.15]
        self._pairs = rng.uniform(-0.6, 0.6, (parts, 3))
        self._kernels = rng.choice([3, 5, 7], parts)

    def ap(self, architecture: Architecture) -> float:
        """Without noise."""
        parts, score = self.space.parts(architecture), 0.0
        for at, choice in enumerate(parts):
            score += self._gain(at, choice)
            score += self._pair(at, _traits(parts[at - 1]), _traits(choice)) if at else 0
        return float(self._ap(score))

    def measured(self, architecture: Architecture) -> float:
        """With noise."""
        digest = hashlib.sha256(f"{self.seed} {architecture.key}".encode()).digest()
        rng = np.random.default_rng(int.from_bytes(digest[:8]))
        return self.ap(architecture) + NOISE * float(rng.standard_normal())

    def front(self, most_gmacs: float) -> Points:
        """GMACs and AP, without noise, of every architecture that no other beats."""
        reached: dict[Traits, tuple[list[StageChoice], Points]] = {NOTHING: ([], np.zeros((1, 2)))}
        for at in range(len(self.space.ranges)):
            grown: dict[Traits, list[Points]] = defaultdict(list)
            examples: dict[Traits, list[StageChoice]] = {}
            for traits, (before, points) in reached.items():
                for choice in self.space.choices(before):
                    after = _traits(choice)
                    gain = self._gain(at, choice) + (self._pair(at, traits, after) if at else 0)
                    added = points + np.array([gain, self.space.part_cost(before, choice).macs])
                    grown[after].append(added[added[:, 1] <= most_gmacs * 1e9])
                    examples[after] = [*before, choice]
            reached = {traits: (examples[traits], _best(np.concatenate(found), most_gmacs * 1e9))
                       for traits, found in grown.items()}  # fmt: skip
        points = _best(np.concatenate([points for _, points in reached.values()]), most_gmacs * 1e9)
        return np.column_stack([points[:, 1] / 1e9, self._ap(points[:, 0])])

    def _ap(self, score: Float[np.ndarray, " N"] | float) -> Float[np.ndarray, " N"]:
        return BEST_AP * (1 - np.exp(-np.asarray(score) / len(self.space.ranges)))

    @cache  # noqa: B019 - lives as long as a benchmark
    def _gain(self, at: int, choice: StageChoice) -> float:
        ranges = self.space.ranges[at]
        gains = [
            _share(choice.depth, ranges.depth),
            _share(choice.width, ranges.width),
            _share(choice.expansion, ranges.expansion),
            math.log2(1 + choice.middle / choice.groups),
            float(choice.attention),
            -abs(choice.kernel - self._kernels[at]),
        ]
        return float(self._weights[at] @ gains)

    @cache  # noqa: B019
    def _pair(self, at: int, before: Traits, choice: Traits) -> float:
        ranges = self.space.ranges
        deep = _share(before[0], ranges[at - 1].depth) * _share(choice[0], ranges[at].depth)
        return float(self._pairs[at] @ [before[1] and choice[1], before[2] and choice[2], deep])


def _traits(choice: StageChoice) -> Traits:
    return choice.depth, choice.kernel > 3, choice.attention, choice.width


def _share(value: float, options: tuple[float, ...]) -> float:
    """Where a value lies between the least and the most, by its logarithm."""
    least, most = options[0], options[-1]
    return 0.0 if most == least else math.log(value / least) / math.log(most / least)


def _best(points: Points, most: float) -> Points:
    """The points of highest score and fewest MACs, in order of MACs."""
    front = points[non_dominated(points, ("maximize", "minimize"))]
    front = front[np.argsort(front[:, 1], kind="stable")]
    if len(front) <= MOST_POINTS:
        return front
    step = (front[:, 1] * MOST_POINTS / most).astype(int)
    return front[np.append(step[1:] != step[:-1], True)]

"""An architecture as numbers that its latency is nearly a linear function of, part by part.

From closed-form cost alone, so it holds for every space: nothing is built.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from jaxtyping import Float

from spaces.architecture import Architecture, StageChoice
from spaces.space import SearchSpace

BLOCKS = (8, 16)  # channels that vector units take at once
NAMES = (
    "depth", "outputs", "middles", "taps", "calls", "dense_gmacs", "grouped_gmacs",
    "depthwise_gmacs", "depthwise_taps", "attention", "attention_outputs",
    *(f"{what}_by_{block}" for block in BLOCKS for what in ("gmacs", "taps")),
)  # fmt: skip


def feature_names(space: SearchSpace) -> tuple[str, ...]:
    """Names of what `features` gives, as part.name."""
    return tuple(f"{part}.{name}" for part in space.part_names for name in NAMES)


def features(space: SearchSpace, architecture: Architecture) -> Float[np.ndarray, " F"]:
    """The features of an architecture: those of all parts behind one another."""
    parts = space.parts(architecture)
    each = (part_features(space, parts[:index], part) for index, part in enumerate(parts))
    return np.concatenate([np.array(values) for values in each])


def part_features(
    space: SearchSpace, before: Sequence[StageChoice], choice: StageChoice
) -> tuple[float, ...]:
    """The features of one part, in the order of `NAMES`.

    A tap is one weight position of one channel of the middle convolution.

    `calls`, the groups, and `taps` are of convolutions for which runtimes have no kernel of its own: neither
    depthwise nor of whole vectors. Those are computed group by group.
    """
    depth, middle = choice.depth, choice.middle
    total, grouped = _gmacs(space, before, choice)
    size = middle // choice.groups  # channels per group
    taps = depth * middle * choice.kernel**2 / 1e3
    attention = depth * choice.attention
    by_group = size != 1 and size % max(BLOCKS) != 0
    fitting = (size % block == 0 for block in BLOCKS)
    return (
        depth, depth * choice.width, depth * middle, taps * by_group, depth * choice.groups * by_group,
        total - grouped, grouped,
        grouped * (size == 1), taps * (size == 1), attention, attention * choice.width,
        *(value * fits for fits in fitting for value in (grouped, taps)),
    )  # fmt: skip


def _gmacs(space: SearchSpace, before: Sequence[StageChoice], choice: StageChoice) -> tuple[float, float]:
    """GMACs of the part, and of its grouped convolutions: what is b in cost(groups) = a + b / groups."""
    one, two = (space.part_cost(before, replace(choice, groups=groups)).macs for groups in (1, 2))
    grouped = 2 * (one - two) / choice.groups
    return space.part_cost(before, choice).macs / 1e9, grouped / 1e9

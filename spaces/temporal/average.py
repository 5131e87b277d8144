"""Costs as the paper's tables report them: averaged over the T + 1 frames from one key frame to the next."""

from dataclasses import dataclass
from typing import final

from spaces.constraint import Constraint
from spaces.errors import ConstraintError
from spaces.temporal.allocation import Allocation
from spaces.temporal.allocation_space import AllocationSpace


@final
@dataclass(frozen=True, slots=True)
class Average:
    """Parameters and MACs of the average frame, over the key frame and its T successors."""

    params: float
    macs: float

    @property
    def gmacs(self) -> float:
        return self.macs / 1e9


def average(space: AllocationSpace, allocation: Allocation) -> Average:
    """Section 4.3: "averaging over the whole video frames including both key frames and non-key frames"."""
    key_frame = space.temporal.spatial.cost(space.temporal.key_frame)
    whole, frames = space.cost(allocation) + key_frame, space.frames + 1
    return Average(whole.params / frames, whole.macs / frames)


def on_the_sum(space: AllocationSpace, on_average: Constraint) -> Constraint:
    """The constraint on `space.cost`, the sum over T frames, that means `on_average` with the key frame.

    Raises ConstraintError where the key frame alone is more than the average leaves room for.
    """
    key_frame = space.temporal.spatial.cost(space.temporal.key_frame)
    frames = space.frames + 1
    least, most = on_average.min_gmacs, on_average.max_params
    return Constraint(
        max_gmacs=_remaining(on_average.max_gmacs, frames, key_frame.gmacs, "GMACs", "max-gmacs"),
        min_gmacs=None if least is None else max(0.0, least * frames - key_frame.gmacs),
        max_params=_whole(_remaining(most, frames, key_frame.params, "parameters", "max-params")),
    )


def on_the_average(space: AllocationSpace, on_sum: Constraint) -> Constraint:
    """The constraint on an average with the key frame that means `on_sum`: the inverse of `on_the_sum`."""
    key_frame = space.temporal.spatial.cost(space.temporal.key_frame)
    frames = space.frames + 1
    return Constraint(
        max_gmacs=None if on_sum.max_gmacs is None else (on_sum.max_gmacs + key_frame.gmacs) / frames,
        min_gmacs=None if on_sum.min_gmacs is None else (on_sum.min_gmacs + key_frame.gmacs) / frames,
        max_params=None if on_sum.max_params is None else (on_sum.max_params + key_frame.params) // frames,
    )


def _remaining(bound: float | None, frames: int, key_frame: float, unit: str, field: str) -> float | None:
    if bound is None:
        return None
    left = bound * frames - key_frame
    if left <= 0:
        raise ConstraintError(
            f"an average of at most {bound:g} {unit} over {frames} frames must leave something beside the "
            f"key frame's {key_frame:.4g}, but it does not. Raise search.{field} or have fewer key frames."
        )
    return left


def _whole(value: float | None) -> int | None:
    return None if value is None else int(value)

"""Costs as the paper's tables report them: averaged over the T + 1 frames from one key frame to the next."""

from dataclasses import dataclass
from typing import final

from spaces.constraint import Constraint
from spaces.cost import Cost
from spaces.errors import NoneFoundError
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
    return with_key_frame(space, space.cost(allocation))


def with_key_frame(space: AllocationSpace, on_sum: Cost) -> Average:
    """A frame's share of what the T frames cost together, `on_sum`, and the key frame."""
    whole, frames = on_sum + space.temporal.spatial.cost(space.temporal.key_frame), space.frames + 1
    return Average(whole.params / frames, whole.macs / frames)


def on_the_sum(space: AllocationSpace, on_average: Constraint) -> Constraint:
    """The constraint on `space.cost`, the sum over T frames, that means `on_average` with the key frame.

    Raises NoneFoundError where the key frame alone is more than the average leaves room for.
    """
    key_frame = space.temporal.spatial.cost(space.temporal.key_frame)
    frames = space.frames + 1
    least, most = on_average.min_gmacs, on_average.max_params
    return Constraint(
        max_gmacs=_remaining(on_average.max_gmacs, frames, key_frame.gmacs, "GMACs", "max_gmacs"),
        min_gmacs=None if least is None else max(0.0, least * frames - key_frame.gmacs),
        max_params=_whole(_remaining(most, frames, key_frame.params, "parameters", "max_params")),
    )


def _remaining(bound: float | None, frames: int, key_frame: float, unit: str, field: str) -> float | None:
    if bound is None:
        return None
    left = bound * frames - key_frame
    if left <= 0:
        left_over = f" must leave something beside the key frame's {key_frame:.4g}, but it does not"
        average_of, over = "an average of", f"at most {bound:g} {unit} over {frames} frames"
        raise NoneFoundError(average_of, over, left_over, "Raise", (field,))
    return left


def _whole(value: float | None) -> int | None:
    return None if value is None else int(value)

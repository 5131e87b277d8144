"""What may be chosen: the ranges of one stage, and the rules for group numbers."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol, final, runtime_checkable

EITHER = (False, True)
GROUP_SIZES = (1, 2, 4, 8, 16)  # channels per group of a mobile block's middle convolution


def steps(least: int, most: int, step: int) -> tuple[int, ...]:
    """least, least + step, ... up to and including most."""
    return tuple(range(least, most + 1, step))


@runtime_checkable
class GroupRule(Protocol):
    """Which group numbers a grouped convolution may have."""

    def options(self, *widths: int) -> tuple[int, ...]:
        """Ascending group numbers inside the range that divide every one of `widths`."""
        ...

    def __hash__(self) -> int: ...


def _dividing(candidates: Iterable[int], widths: tuple[int, ...]) -> tuple[int, ...]:
    common = math.gcd(*widths)
    return tuple(groups for groups in candidates if common % groups == 0)


@final
@dataclass(frozen=True, slots=True)
class GroupSteps:
    """fewest, fewest + step, ... most (Table A2: step 16)."""

    fewest: int
    most: int
    step: int = 16

    def options(self, *widths: int) -> tuple[int, ...]:
        return _dividing(steps(self.fewest, self.most, self.step), widths)


@final
@dataclass(frozen=True, slots=True)
class GroupPowers:
    """Powers of two from fewest to most (Table A3)."""

    fewest: int
    most: int

    def options(self, *widths: int) -> tuple[int, ...]:
        powers = (1 << shift for shift in range(self.most.bit_length()))
        return _dividing((power for power in powers if self.fewest <= power <= self.most), widths)


@final
@dataclass(frozen=True, slots=True)
class GroupSizes:
    """Width / c for c channels per group, inside [fewest, most] (Table A1)."""

    fewest: int
    most: int

    def options(self, *widths: int) -> tuple[int, ...]:
        common = math.gcd(*widths)
        sizes = (size for size in reversed(GROUP_SIZES) if common % size == 0)
        return tuple(common // size for size in sizes if self.fewest <= common // size <= self.most)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class StageRange:
    """What one stage can be: the supernet's weights are as large as the largest of each.

    Every tuple ascends. `tied_depth` makes a parallel branch as deep as the branch before it.
    """

    depth: tuple[int, ...] = (1,)
    width: tuple[int, ...]
    kernel: tuple[int, ...]
    groups: GroupRule
    attention: tuple[bool, ...] = (False,)
    expansion: tuple[float, ...] = (1,)
    stride: int = 1
    act: str = "relu"
    tied_depth: bool = False

    @property
    def middles(self) -> tuple[int, ...]:
        """Every width that the middle convolution can have."""
        return tuple(sorted({int(width * ratio) for width in self.width for ratio in self.expansion}))

    def group_inputs(self, *others: int) -> int:
        """The most inputs that one filter of the middle convolution can see."""
        return max(
            middle // groups
            for middle in self.middles
            for groups in self.groups.options(middle, *others)
        )  # fmt: skip

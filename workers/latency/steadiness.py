"""When a measurement is good enough: how long to go on, and which of its runs to believe."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from statistics import median
from typing import final


class TimingDecision(Enum):
    """What a measurement does next: it goes on, or it ends steady or not."""

    MORE = "more"
    STEADY = "steady"
    UNSTEADY = "unsteady"  # time is up, and a neighbour or the network itself kept moving


@final
@dataclass(frozen=True, slots=True)
class Block:
    """Some runs in a row, and what the control took just before or after them, the slower of both."""

    runs_ms: tuple[float, ...]
    control_ms: float


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Steadiness:
    """Policy that believes the runs of undisturbed blocks, in which the control was near its quiet time.

    Done when there are enough of them and the medians of their earlier and later half agree.
    """

    tolerance: float = 0.02
    """Relative difference that the medians of both halves may have."""
    control_limit: float = 1.1
    """The control's time, by its quiet time, above which a neighbour was at work."""
    fewest_blocks: int = 4
    budget_s: float = 6.0
    """Seconds that one measurement may take, warm-up apart."""

    def undisturbed(self, blocks: Sequence[Block], quiet_ms: float) -> list[Block]:
        return [block for block in blocks if block.control_ms <= self.control_limit * quiet_ms]

    def decide(self, blocks: Sequence[Block], quiet_ms: float, elapsed_s: float) -> TimingDecision:
        undisturbed = self.undisturbed(blocks, quiet_ms)
        if len(undisturbed) >= self.fewest_blocks and self._agree(undisturbed):
            return TimingDecision.STEADY
        return TimingDecision.UNSTEADY if elapsed_s >= self.budget_s else TimingDecision.MORE

    def believed(self, blocks: Sequence[Block], quiet_ms: float) -> list[Block]:
        """The undisturbed blocks; where there is none, the one that was disturbed least."""
        least_disturbed = min(blocks, key=lambda block: block.control_ms)
        return self.undisturbed(blocks, quiet_ms) or [least_disturbed]

    def _agree(self, blocks: Sequence[Block]) -> bool:
        middle = len(blocks) // 2
        earlier, later = (median(_runs(half)) for half in (blocks[:middle], blocks[middle:]))
        return abs(earlier - later) <= self.tolerance * min(earlier, later)


def _runs(blocks: Sequence[Block]) -> list[float]:
    return [run_ms for block in blocks for run_ms in block.runs_ms]

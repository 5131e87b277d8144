"""A clock that moves only when somebody sleeps, and a neighbour who slows sleepers down."""

from __future__ import annotations

from collections.abc import Callable


class FakeClock:
    """Seconds since 0. Inside `busy`, (start, end) in seconds, everything takes `slowdown` times as long."""

    def __init__(self, busy: tuple[float, float] = (0, 0), slowdown: float = 2) -> None:
        self.now_s, self.busy, self.slowdown = 0.0, busy, slowdown

    def __call__(self) -> float:
        return self.now_s

    def __deepcopy__(self, memo: object) -> FakeClock:
        return self

    def sleep_ms(self, duration_ms: float) -> None:
        start_s, end_s = self.busy
        factor = self.slowdown if start_s <= self.now_s < end_s else 1
        self.now_s += duration_ms * factor / 1e3

    def sleeper(self, duration_ms: float) -> Callable[[], None]:
        return lambda: self.sleep_ms(duration_ms)

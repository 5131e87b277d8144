"""A cache by prefixes: what is known of the first frames of allocations, in bounded memory."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable, Sequence
from typing import Generic, TypeVar, final

V = TypeVar("V")


@final
class PrefixCache(Generic[V]):
    """Values by the frames that they depend on; beyond `max_bytes` the least recently used one goes.

    A value larger than that is not kept at all, so the bound holds always.
    """

    def __init__(self, max_bytes: int) -> None:
        self.max_bytes, self.bytes, self.peak_bytes = max_bytes, 0, 0
        self._values: OrderedDict[tuple[Hashable, ...], tuple[V, int]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._values)

    def longest(self, frames: Sequence[Hashable]) -> V | None:
        """The value of the longest prefix of `frames` that has one.

        It and the shorter prefixes count as used, the shorter ones later: more allocations share them.
        """
        prefixes = [tuple(frames[:count]) for count in range(len(frames), 0, -1)]
        known = [each for each in prefixes if each in self._values]
        for each in known:
            self._values.move_to_end(each)
        return self._values[known[0]][0] if known else None

    def put(self, frames: Sequence[Hashable], value: V, size_bytes: int) -> None:
        """Keeps the value of these frames, in place of one that they had."""
        _, before = self._values.pop(tuple(frames), (None, 0))
        self.bytes -= before
        if size_bytes > self.max_bytes:
            return
        self._values[tuple(frames)] = (value, size_bytes)
        self.bytes += size_bytes
        while self.bytes > self.max_bytes:
            _, (_, freed) = self._values.popitem(last=False)
            self.bytes -= freed
        self.peak_bytes = max(self.peak_bytes, self.bytes)

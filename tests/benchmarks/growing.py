"""Searches of more and more trials, measured by grown.py in this tree and in the base's."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from platform.samplers.registry import SAMPLERS
from tests.benchmarks.base import Tree, this_tree
from tests.benchmarks.figure import Figure, at_most, exponent
from tests.benchmarks.grown import PREFIX

PROGRAM = Path(__file__).with_name("grown.py")
UNITS = {"resume_s": "s", "proposal_ms": "ms", "page_s": "s", "page_mb": "MB", "peak_mib": "MiB"}
LIMITS = {"resume_s": 30, "proposal_ms": 50, "page_s": 20, "page_mb": 20, "peak_mib": 2048}
WRITING_S = 7200.0
LONGEST_S = 1200.0  # that one program may take before its figures are left out


@dataclass(frozen=True, slots=True)
class Growth:
    """What each tree's programs say, by tree, what was done and the trials."""

    folder: Path
    counts: Sequence[int]

    def figures(self, base: Tree, base_counts: Sequence[int]) -> Iterator[Figure]:
        """Ours beside the target at all counts, the base's at some, and the exponents of their growth."""
        for words in (*(("search", name) for name in SAMPLERS), ("page",)):
            ours = {count: self._said(this_tree(), words, count) for count in self.counts}
            theirs = {count: self._said(base, words, count) for count in base_counts}
            for name in (name for name in UNITS if name in next(iter(ours.values()))):
                what = f"{words[-1]}: {name.rpartition('_')[0]}"
                yield from _beside(what, name, ours, theirs)

    def _said(self, tree: Tree, words: Sequence[str], count: int) -> dict[str, float]:
        """Empty where the program takes longer than LONGEST_S."""
        kind = "allocations" if words[-1] == PREFIX else "architectures"
        folder = self.folder / f"{kind}-{count}"
        if not folder.exists():
            this_tree().run(PROGRAM, ["write", kind, str(count), str(folder)], WRITING_S)
        said: Any = tree.run(PROGRAM, [*words, str(folder)], LONGEST_S)
        return dict(said or {})


def _beside(
    what: str, name: str, ours: dict[int, dict[str, float]], theirs: dict[int, dict[str, float]]
) -> Iterator[Figure]:
    for count, said in ours.items():
        yield at_most(f"{what}, {count:,} trials", said.get(name, math.inf), UNITS[name], LIMITS[name])
    for count, said in theirs.items():
        yield Figure(name=f"{what}, {count:,}, 13628ef", figure=said.get(name), unit=UNITS[name])
    for tree, found in (("", ours), (", 13628ef", theirs)):
        known = {count: said[name] for count, said in found.items() if name in said}
        if len(known) > 1 and name.endswith(("_s", "_ms")):
            yield Figure(name=f"{what}, exponent{tree}", figure=exponent(known), unit="")

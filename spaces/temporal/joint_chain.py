"""Allocations as a chain of decisions: every frame's parts in order, with its fusion behind one of them.

A fusion is decided where its features' width is, so a state only has to say, beside what the space carries,
whether the frame has been fused yet; decided first, it would multiply the states by twelve.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import final

import numpy as np
from jaxtyping import Int

from spaces.architecture import StageChoice
from spaces.chain import Decision, Decisions, Links, chain
from spaces.temporal.allocation import Allocation, FrameChoice, Fusion
from spaces.temporal.allocation_space import AllocationSpace
from spaces.temporal.temporal_space import TemporalSpace

Fused = tuple[StageChoice, Fusion | None]  # what a frame's decision picks; None where it does not fuse here


@final
@dataclass(frozen=True, eq=False)
class FrameChain(Decisions[Fused, FrameChoice]):
    """All decisions of one frame; a path is the frame's choice."""

    space: TemporalSpace

    def read(self, path: Int[np.ndarray, " D"]) -> FrameChoice:
        state, parts, fusion = 0, list[StageChoice](), None
        for decision, pick in zip(self.decisions, path, strict=True):
            links = decision.states[state]
            state = int(links.after[pick])
            part, fused = links.choices[pick]
            fusion = fused or fusion
            if decision.completes:
                parts.append(part)
        return FrameChoice(self.space.cnn.assemble(parts), fusion)


@final
@dataclass(frozen=True, eq=False)
class JointChain(Decisions[Fused, Allocation]):
    """One frame's decisions T times over; with a shared choice once, at T times the cost."""

    space: AllocationSpace
    frame: FrameChain

    def read(self, path: Int[np.ndarray, " D"]) -> Allocation:
        length = len(self.frame.decisions)
        pieces = (path[start : start + length] for start in range(0, len(path), length))
        return self.space.assemble([self.frame.read(piece) for piece in pieces])


@lru_cache(maxsize=8)
def joint_chain(space: AllocationSpace) -> JointChain:
    frame = frame_chain(space.temporal)
    if space.shared:
        return JointChain(tuple(_times(each, space.frames) for each in frame.decisions), space, frame)
    return JointChain(frame.decisions * space.frames, space, frame)


@lru_cache(maxsize=8)
def frame_chain(space: TemporalSpace) -> FrameChain:
    """The chain of the CNNs with the fusions put in."""
    fusions = _fusions_by_decision(space)
    decisions = chain(space.cnn).decisions
    steps = (_FusedDecision(space, decisions, fusions, at) for at in range(len(decisions)))
    fused = (Decision(tuple(step.states()), step.decision.completes) for step in steps)
    return FrameChain(tuple(fused), space)


def _fusions_by_decision(space: TemporalSpace) -> Sequence[tuple[Fusion, ...]]:
    """What can be fused at every decision: behind an outlet's part, at the first decision on it."""
    stages = {outlet.part: stage for stage, outlet in enumerate(space.cnn.outlets, start=1)}
    found, part, first = [], 0, True
    for decision in chain(space.cnn).decisions:
        stage = stages.get(part) if first else None
        found.append(tuple(each for each in space.fusions if each is not None and each.stage == stage))
        part, first = part + decision.completes, decision.completes
    return found


@final
class _FusedDecision:
    """One decision with its fusions. Its states: those of the frame not fused yet, then those of it fused."""

    def __init__(
        self,
        space: TemporalSpace,
        decisions: Sequence[Decision[StageChoice]],
        fusions: Sequence[tuple[Fusion, ...]],
        at: int,
    ) -> None:
        places = [place for place, each in enumerate(fusions) if each]
        self.space, self.decision, self.fusions = space, decisions[at], fusions[at]
        self.not_fused = not places or at <= places[-1]
        self.fused = bool(places) and at > places[0]
        self.may_wait = not places or at < places[-1]
        self.fused_from = len(decisions[at + 1].states) if places and at + 1 <= places[-1] else 0

    def states(self) -> Iterator[Links[Fused]]:
        if self.not_fused:
            waiting = [(None, 0)] if self.may_wait else []
            variants = [*waiting, *((fusion, self.fused_from) for fusion in self.fusions)]
            yield from (self._links(links, variants) for links in self.decision.states)
        if self.fused:
            yield from (self._links(links, [(None, self.fused_from)]) for links in self.decision.states)

    def _links(
        self, links: Links[StageChoice], variants: Sequence[tuple[Fusion | None, int]]
    ) -> Links[Fused]:
        """Every choice once for each variant: a fusion or none, and where the states behind it begin."""
        costs = [links.costs + self._added(links, fusion) for fusion, _ in variants]
        return Links(
            choices=tuple((choice, fusion) for fusion, _ in variants for choice in links.choices),
            after=np.concatenate([links.after + start for _, start in variants]),
            costs=np.concatenate(costs),
        )

    def _added(self, links: Links[StageChoice], fusion: Fusion | None) -> Int[np.ndarray, "L C"]:
        if fusion is None:
            return np.zeros_like(links.costs)
        widths = {choice.width for choice in links.choices}
        by_width = {width: self.space.fusion_cost_at(fusion, width) for width in widths}
        added = (by_width[choice.width] for choice in links.choices)
        return np.array([[cost.macs, cost.params] for cost in added], dtype=np.int64)


def _times(decision: Decision[Fused], frames: int) -> Decision[Fused]:
    states = (Links(links.choices, links.after, links.costs * frames) for links in decision.states)
    return Decision(tuple(states), completes=decision.completes)

"""What a joint search found, frame by frame, as a value that can be printed, drawn and read again."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from platform.results.store import Row
from spaces.architecture import Architecture
from spaces.cost import Cost
from spaces.temporal.allocation import Allocation, Fusion
from spaces.temporal.allocation_space import AllocationSpace
from spaces.temporal.temporal_space import TemporalSpace


def found_allocation(space: AllocationSpace, best: Row) -> dict[str, Any]:
    """allocation.json: averages with the key frame, then the key frame (0) and every frame behind it.

    A frame's `parts` are stem, stages and head by name; a fusion is `behind` one of them. `best` has what a
    trial's row has: key, gmacs, params, ap, ap_all, frame_aps and architecture.
    """
    temporal, allocation = space.temporal, Allocation.from_json(best["architecture"])
    aps = json.loads(best["frame_aps"])
    key_cost = temporal.spatial.cost(temporal.key_frame)
    frames = [_frame(temporal, 0, temporal.key_frame, None, key_cost, aps[0])]
    for number, (choice, ap) in enumerate(zip(allocation.frames, aps[1:], strict=True), start=1):
        cost = temporal.cost(choice)
        frames.append(_frame(temporal, number, choice.architecture, choice.fusion, cost, ap))
    figures = {name: best[name] for name in ("key", "gmacs", "params", "ap", "ap_all")}
    return {**figures, "space": space.name, "frames": frames, "architecture": best["architecture"]}


def _frame(
    space: TemporalSpace, number: int, architecture: Architecture, fusion: Fusion | None, cost: Cost,
    ap: float,
) -> dict[str, Any]:  # fmt: skip
    names = space.spatial.part_names
    parts = zip(names, space.spatial.parts(architecture), strict=True)
    behind = None if fusion is None else names[space.spatial.outlets[fusion.stage - 1].part]
    return {
        "frame": number,
        "parts": {name: asdict(part) for name, part in parts},
        "fusion": None if fusion is None else asdict(fusion) | {"behind": behind},
        "gmacs": cost.gmacs,
        "params": cost.params,
        "ap": ap,
    }

"""One frozen value is one allocation: the architecture and the fusion of every non-key frame."""

import hashlib
import json
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, final, get_args

from spaces.architecture import KEY_DIGITS, Architecture
from spaces.errors import ArchitectureError

Operation = Literal["add", "mul", "cat"]
OPERATIONS: tuple[Operation, ...] = get_args(Operation)


@final
@dataclass(frozen=True, slots=True)
class Fusion:
    """Place and manner in which the previous frame's heatmaps come in (section 3.3)."""

    stage: int  # 1 for F1: behind the network's first stage
    operation: Operation

    def __post_init__(self) -> None:
        if not isinstance(self.stage, int) or isinstance(self.stage, bool) or self.stage < 1:
            raise ArchitectureError(f"a fusion's stage must be a number from 1, but it is {self.stage!r}")
        if self.operation not in OPERATIONS:
            raise ArchitectureError(
                f"a fusion's operation must be one of {', '.join(OPERATIONS)}, but it is {self.operation!r}"
            )


@final
@dataclass(frozen=True)
class FrameChoice:
    """What one frame's T-ViPNet is; without a fusion (a control of the paper) it sees its own image alone."""

    architecture: Architecture
    fusion: Fusion | None


@final
@dataclass(frozen=True)
class Allocation:
    """A candidate of the joint search: the choices of T frames in order, the key frame not among them.

    `space` is the name of the temporal space. Raises ArchitectureError where there is no frame.
    """

    space: str
    frames: tuple[FrameChoice, ...]

    def __post_init__(self) -> None:
        if not self.frames:
            raise ArchitectureError("an allocation must have at least one frame beside the key frame")

    @cached_property
    def key(self) -> str:
        """Short, stable name: the space and a digest of the canonical JSON."""
        return f"{self.space}-{hashlib.sha256(self.to_json().encode()).hexdigest()[:KEY_DIGITS]}"

    def prefix(self, frames: int) -> "Allocation":
        """The allocation of the first `frames` frames, at least one; equal prefixes share their work."""
        return Allocation(self.space, self.frames[:frames])

    def to_json(self) -> str:
        """Canonical JSON: sorted keys, no spaces."""
        value = {"space": self.space, "frames": [_frame_to_dict(frame) for frame in self.frames]}
        return json.dumps(value, sort_keys=True, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> "Allocation":
        """Reads what `to_json` wrote; anything else raises ArchitectureError naming what is wrong."""
        try:
            value = json.loads(text)
            return cls(value["space"], tuple(_frame_from_dict(frame) for frame in value["frames"]))
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise ArchitectureError(
                "an allocation must be JSON with space and frames, each with architecture and fusion, "
                f"but {error!r} in {text[:80]!r}"
            ) from error


def _frame_to_dict(frame: FrameChoice) -> dict[str, Any]:
    fusion = frame.fusion
    return {
        "architecture": json.loads(frame.architecture.to_json()),
        "fusion": None if fusion is None else {"stage": fusion.stage, "operation": fusion.operation},
    }


def _frame_from_dict(value: dict[str, Any]) -> FrameChoice:
    fusion = value["fusion"]
    architecture = Architecture.from_json(json.dumps(value["architecture"]))
    return FrameChoice(architecture, None if fusion is None else Fusion(**fusion))

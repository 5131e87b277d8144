"""One frozen value is one architecture; its canonical JSON gives the key used everywhere."""

import hashlib
import json
from dataclasses import dataclass, fields
from functools import cached_property, lru_cache
from typing import Any, final

from spaces.errors import ArchitectureError

KEY_DIGITS = 16
MOST, MOST_BLOCKS = 16_384, 256  # of a stage; a file that says more would have networks built of any size


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class StageChoice:
    """What one stage (or one branch of a stage) of a supernet keeps. Equal choices have equal keys."""

    depth: int  # active blocks
    width: int  # output channels
    kernel: int  # of the middle convolution
    groups: int  # of the middle convolution
    attention: bool = False
    expansion: float = 1  # middle width / output width

    @property
    def middle(self) -> int:
        """Channels of the middle convolution."""
        return int(self.width * self.expansion)


_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"))
_NAMES = tuple(field.name for field in fields(StageChoice))


@final
@dataclass(frozen=True)
class Architecture:
    """A subnet of the search space named `space`: its stem, its stages in order, and its deconvolution head.

    `head` is None for a space without deconvolutions (HRNet).
    """

    space: str
    stem: StageChoice
    stages: tuple[StageChoice, ...]
    head: StageChoice | None

    @cached_property
    def key(self) -> str:
        """Short, stable name: the space and a digest of the canonical JSON."""
        return f"{self.space}-{hashlib.sha256(self.to_json().encode()).hexdigest()[:KEY_DIGITS]}"

    def to_json(self) -> str:
        """Canonical JSON: sorted keys, no spaces, whole numbers without a decimal point."""
        value = {
            "space": self.space,
            "stem": _choice_to_dict(self.stem),
            "stages": [_choice_to_dict(stage) for stage in self.stages],
            "head": None if self.head is None else _choice_to_dict(self.head),
        }
        return _ENCODER.encode(value)

    @classmethod
    def from_json(cls, text: str) -> "Architecture":
        """Reads what `to_json` wrote; anything else raises ArchitectureError naming what is wrong."""
        try:
            value = json.loads(text)
            head = value["head"]
            if not isinstance(value["space"], str):
                raise TypeError("space must be a name")
            return cls(
                space=value["space"],
                stem=_choice_from_dict(value["stem"]),
                stages=tuple(_choice_from_dict(stage) for stage in value["stages"]),
                head=None if head is None else _choice_from_dict(head),
            )
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise ArchitectureError(
                "an architecture must be JSON with space, stem, stages and head, "
                f"but {error!r} in {text[:80]!r}"
            ) from error


def _choice_to_dict(choice: StageChoice) -> dict[str, Any]:
    value = {name: getattr(choice, name) for name in _NAMES}
    if float(value["expansion"]).is_integer():
        value["expansion"] = int(value["expansion"])
    return value


def _choice_from_dict(value: dict[str, Any]) -> StageChoice:
    return _choice(tuple(value), *value.values())


@lru_cache(maxsize=1 << 14, typed=True)  # typed: true is no 1 here
def _choice(names: tuple[str, ...], *values: Any) -> StageChoice:
    value = dict(zip(names, values, strict=True))
    choice = StageChoice(**value)
    whole = (choice.depth, choice.width, choice.kernel, choice.groups)
    if any(type(number) is not int for number in whole) or type(choice.expansion) not in (int, float):
        raise TypeError(f"depth, width, kernel, groups and expansion must be numbers in {value!r:.80}")
    if not (
        min(whole) >= 1 and max(whole) <= MOST and choice.depth <= MOST_BLOCKS and 0 < choice.expansion <= 64
    ):
        raise ValueError(f"a number is out of any reason in {value!r:.80}")
    if type(choice.attention) is not bool:
        raise TypeError(f"attention must be true or false in {value!r:.80}")
    return choice

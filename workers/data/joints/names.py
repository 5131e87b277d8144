"""What the names of a data set's joints say: the side of the body, and which joint is the same on the other.

L_Eye, LEye, "Left Eye", leftEye, eye_L, eye.L, l-eye and leye all say left and eye. A side that is a word of
its own counts alone; one that is fused into a word ("leye", "FL_paw") counts only beside its other side
("reye", "FR_paw"), so that lip, rear, ring, leg, elbow, lower and root say none.
"""

from __future__ import annotations

import re
import reprlib
from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import final

LEFT, RIGHT = "left", "right"
_SIDES = {"l": LEFT, "lt": LEFT, "lft": LEFT, "left": LEFT} | {
    "r": RIGHT, "rt": RIGHT, "rgt": RIGHT, "rht": RIGHT, "right": RIGHT
}  # fmt: skip
_FUSED = ("left", "right", "l", "r")  # the longer ones first
_BORDERS = re.compile(  # between words that are written together: leftEye, LEye, eye1
    r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|(?<=[^\W\d_])(?=\d)|(?<=\d)(?=[^\W\d_])"
)


@final
@dataclass(frozen=True, slots=True)
class JointName:
    """One name as it is read among the others of its data set."""

    spelling: str
    side: str | None  # LEFT, RIGHT, or None on the centre line
    words: tuple[str, ...]  # in lower case, without the side

    @property
    def plain(self) -> str:
        """The name in COCO's spelling, left_eye: equal for all spellings of a joint."""
        return "_".join((self.side, *self.words) if self.side else self.words)


@final
@dataclass(frozen=True, slots=True)
class _Reading:
    """One way to read a name: joints with equal keys and different sides are each other's mirror image."""

    side: str
    key: Hashable
    words: tuple[str, ...]


def words_of(name: str) -> tuple[str, ...]:
    """A name's words in lower case: LeftEye, left-eye and left.eye have two."""
    return tuple(word.lower() for word in re.split(r"[\W_]+", _BORDERS.sub(" ", name)) if word)


def read_names(names: Sequence[str]) -> tuple[JointName, ...]:
    """Every name, read among the others."""
    paired = _paired(names)
    alone = {index: next(_as_written(name), None) for index, name in enumerate(names)}
    found = [paired[index][1] if index in paired else alone[index] for index in range(len(names))]
    return tuple(
        JointName(name, reading.side, reading.words) if reading else JointName(name, None, words_of(name))
        for name, reading in zip(names, found, strict=True)
    )


def find_pairs(names: Sequence[str]) -> tuple[tuple[int, int], ...]:
    """(left, right) indices of the joints that a mirror swaps, in the order of the left ones.

    A joint whose other side is not there, or is there twice, has none.
    """
    paired = _paired(names)
    return tuple((index, paired[index][0]) for index in sorted(paired) if paired[index][1].side == LEFT)


def plain_names(names: Sequence[str]) -> tuple[str, ...]:
    """Every name in COCO's spelling."""
    return tuple(each.plain for each in read_names(names))


def is_plain(names: Sequence[str]) -> bool:
    """Whether all names are in COCO's spelling."""
    return plain_names(names) == tuple(names)


def places_of(wanted: Sequence[str], names: Sequence[str]) -> tuple[int, ...] | None:
    """Place of each wanted joint among `names`, by its name or by what that says in another spelling.

    None where they are not the same joints.
    """
    for ours, theirs in ((tuple(wanted), tuple(names)), (plain_names(wanted), plain_names(names))):
        if len(set(theirs)) == len(theirs) and sorted(ours) == sorted(theirs):
            return tuple(theirs.index(name) for name in ours)
    return None


def unlike(names: Sequence[str], wanted: Sequence[str]) -> str:
    """Which joints are missing and which are not wanted, as a clause of a message."""
    ours, theirs = dict(zip(plain_names(names), names, strict=True)), plain_names(wanted)
    lacking = [name for plain, name in zip(theirs, wanted, strict=True) if plain not in ours]
    unknown = [name for plain, name in ours.items() if plain not in theirs]
    parts = [f"it lacks {_listed(lacking)}"] if lacking else []
    parts += [f"it has {_listed(unknown)}"] if unknown else []
    return " and ".join(parts) or f"it names {_listed(names)}"


def _listed(names: Iterable[str]) -> str:
    """Foreign names on one line, each cut short."""
    return ", ".join(reprlib.repr(name)[1:-1] for name in names)


def _paired(names: Sequence[str]) -> dict[int, tuple[int, _Reading]]:
    """The other side of each joint that has one, and how its name was read; the plainest reading first."""
    paired: dict[int, tuple[int, _Reading]] = {}
    for readings in (_as_written, _in_any_order, _fused):
        groups: dict[Hashable, list[tuple[int, _Reading]]] = defaultdict(list)
        for index, name in enumerate(names):
            if index not in paired:
                for reading in readings(name):
                    groups[reading.key].append((index, reading))
        for group in groups.values():
            if _is_pair(group) and not any(index in paired for index, _ in group):
                (one, of_one), (other, of_other) = group
                paired[one], paired[other] = (other, of_one), (one, of_other)
    return paired


def _is_pair(group: Sequence[tuple[int, _Reading]]) -> bool:
    return len(group) == 2 and {reading.side for _, reading in group} == {LEFT, RIGHT}


def _as_written(name: str) -> Iterator[_Reading]:
    """A side that is a word of its own. A mirror swaps all sides of a name: left_eye_right_corner is the
    other side of right_eye_left_corner."""
    words = words_of(name)
    sided = [place for place, word in enumerate(words) if word in _SIDES]
    if sided:
        first = _SIDES[words[sided[0]]]
        key = tuple(_SIDES[word] == first if word in _SIDES else word for word in words)
        yield _Reading(first, key, words[: sided[0]] + words[sided[0] + 1 :])


def _in_any_order(name: str) -> Iterator[_Reading]:
    """A name's words in one order, wherever the side stands: front_left_paw and left_front_paw are one."""
    for reading in _as_written(name):
        yield _Reading(reading.side, tuple(sorted(reading.words)), reading.words)


def _fused(name: str) -> Iterator[_Reading]:
    """A side at the beginning or the end of a word: leye, FL_paw."""
    words = words_of(name)
    for place, word in enumerate(words):
        before, behind = words[:place], words[place + 1 :]
        for side in _FUSED:
            for at_end, rest in enumerate((word.removeprefix(side), word.removesuffix(side))):
                if rest and rest != word:
                    key = (before, at_end, rest, behind)
                    yield _Reading(_SIDES[side], key, (*before, rest, *behind))
